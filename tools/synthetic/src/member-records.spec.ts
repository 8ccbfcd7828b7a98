import { codeCases } from './codes.suite.js';
import { plausibilityCases } from './plausibility.suite.js';
import { priorAuthorizationCases } from './prior-authorizations.suite.js';

// One test file for all that reads the records of 260 members, so that they are made once.
plausibilityCases();
codeCases();
priorAuthorizationCases();
