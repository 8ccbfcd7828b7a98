import { endpointPaths, type Environment } from '@payer/smart';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import { hasFailed } from '../unit-of-work/failed-steps.js';
import { UnitOfWork } from '../unit-of-work/unit-of-work.js';
import type { FinishedAnswer, FinishedInteractions } from './finished-interactions.js';

const resumePath = new RegExp(`^${endpointPaths.authorization}/([\\w-]{1,64})$`);

/**
 * Middleware of the engine for authorization requests and for the end of an interaction. Each is one step
 * (`unit-of-work/`): its writes are stored before its answer leaves.
 *
 * The answer that ends an interaction is stored, too, and sent again to a second request of the same browser.
 * So a double click has the same effect as a single click.
 */
export function answerAgain(
  provider: Provider,
  environment: Environment,
  source: DataSource,
  finished: FinishedInteractions,
) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    const uid = resumePath.exec(ctx.path)?.[1];
    if (ctx.method !== 'GET' || (!uid && ctx.path !== endpointPaths.authorization)) return next();
    const session = ctx.cookies.get(provider.cookieName('session'));
    const unit = new UnitOfWork(source, environment);
    if (uid ?? session) await unit.load({ uid, session });
    await unit.run(() => (uid ? finish(ctx, uid, unit, next) : next()));
    // After a failure the client repeats the step, so nothing of it is stored.
    if (hasFailed(ctx) || ctx.status >= 500) return;
    if (!(await unit.commit())) await repeatFinished(ctx, uid);
  };

  async function finish(
    ctx: KoaContextWithOIDC,
    uid: string,
    unit: UnitOfWork,
    next: () => Promise<void>,
  ): Promise<void> {
    const earlier = await finished.find(uid);
    if (earlier && (await repeat(ctx, uid, earlier))) return;
    // The engine takes the interaction from this cookie. Browsers send the cookie to the path of its
    // interaction only. With another path, the answer of one interaction would be stored as that of another.
    const resumed = ctx.cookies.get(provider.cookieName('resume'));
    if (resumed !== undefined && resumed !== uid) delete ctx.req.headers.cookie;
    await next();
    const location = ctx.response.get('location');
    if (ctx.status >= 300 && ctx.status < 400 && location)
      unit.store(
        finished.rowOf(uid, {
          location,
          cookies: [ctx.response.get('set-cookie') ?? []].flat(),
          sessionUid: ctx.oidc.session?.uid ?? '',
        }),
      );
    // The first request has used up the interaction and is still making its answer.
    else if (ctx.status === 400 && !earlier) {
      const made = await finished.findSoon(uid);
      if (made) await repeat(ctx, uid, made);
    }
  }

  /**
   * Two requests have ended the interaction at once, and the other one has stored its answer. This answer was
   * not stored, so its code and its cookies must not leave.
   */
  async function repeatFinished(ctx: KoaContextWithOIDC, uid = ''): Promise<void> {
    ctx.remove('Set-Cookie');
    ctx.remove('Location');
    const made = await finished.findSoon(uid);
    if (made && (await repeat(ctx, uid, made))) return;
    ctx.status = 303;
    ctx.redirect(`/${environment}/interaction/${uid}`);
    ctx.body = '';
  }

  /** @returns whether the answer belongs to this browser */
  async function repeat(ctx: KoaContextWithOIDC, uid: string, answer: FinishedAnswer): Promise<boolean> {
    // The first answer clears this cookie, so a browser with the cookie never received that answer.
    const isUnanswered = ctx.cookies.get(provider.cookieName('resume')) === uid;
    if (!isUnanswered && (await sessionUidOf(provider, ctx)) !== answer.sessionUid) return false;
    const location = await finished.locationAgain(answer);
    if (isUnanswered && answer.cookies.length > 0) ctx.set('Set-Cookie', answer.cookies);
    ctx.status = 303;
    ctx.redirect(location ?? `/${environment}/interaction/${uid}`);
    ctx.body = '';
    return true;
  }
}

/**
 * `uid` of the engine's session in the request's browser. It stays the same when the session's id changes.
 */
async function sessionUidOf(provider: Provider, ctx: KoaContextWithOIDC): Promise<string | undefined> {
  const session = await provider.Session.get(provider.createContext(ctx.req, ctx.res));
  return (session as unknown as { uid?: string }).uid;
}
