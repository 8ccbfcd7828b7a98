import { EndSessionController } from './app-sign-out/end-session.controller.js';
import { AppEvents } from './clients/app.events.js';
import { ConsentController } from './consent/consent.controller.js';
import { GrantEvents } from './grants/grant.events.js';
import { RedeemedController } from './grants/redeemed.controller.js';
import { MemberSearchController } from './members/member-search.controller.js';
import { ProviderSignInController } from './member-providers/provider-sign-in.controller.js';
import { ChoosePatientController } from './choose-patient/choose-patient.controller.js';
import { ProviderSignOutController } from './member-providers/provider-sign-out.controller.js';
import { SamlController } from './member-providers/saml.controller.js';
import { SamlSignOutController } from './member-providers/saml-sign-out.controller.js';
import { NoticesController } from './notices/notices.controller.js';
import { CodeController } from './second-factor-pages/code.controller.js';
import { CodeAppController } from './second-factor-pages/code-app.controller.js';
import { PasskeysController } from './second-factor-pages/passkeys.controller.js';
import { SecondFactorController } from './second-factor-pages/second-factor.controller.js';
import { ParController } from './pushed-requests/par.controller.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignOutController } from './sign-out/sign-out.controller.js';
import { IntrospectController } from './tokens/introspect.controller.js';
import { RevokeController } from './tokens/revoke.controller.js';

/** HTTP routes and event handlers of auth-server, beside the routes of the engine. */
export const controllers = [
  AppEvents,
  GrantEvents,
  ChoosePatientController,
  CodeController,
  SecondFactorController,
  CodeAppController,
  PasskeysController,
  ConsentController,
  EndSessionController,
  IntrospectController,
  NoticesController,
  MemberSearchController,
  RedeemedController,
  ParController,
  RevokeController,
  ProviderSignInController,
  ProviderSignOutController,
  SamlController,
  SamlSignOutController,
  SignInController,
  SignOutController,
];
