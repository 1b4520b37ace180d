import {
  type AuthenticateGrant,
  type AuthorizeSubscribeGrant,
  allow,
  type ConnectionGrant,
  deny,
  type EnqueueGrant,
  type RetainGrant,
} from '@sluice/plugin';
import type { DecideRules } from './hook-decide.ts';
import {
  checkAuthenticateGrant,
  checkConnectionGrant,
  checkEnqueueGrant,
  checkRetainGrant,
  checkSubscribeGrant,
  mergeAuthenticateGrants,
  mergeConnectionGrants,
  mergeEnqueueGrants,
  mergeRetainGrants,
  mergeSubscribeGrants,
} from './hook-grants.ts';

/** The rules of `authorizePublish` and `authorizeDeliver`. */
export const messageRules: DecideRules<never> = {
  byDefault: deny(),
  checkGrant: undefined,
  mergeGrants: undefined,
};

export const connectionRules: DecideRules<ConnectionGrant> = {
  byDefault: allow(),
  checkGrant: checkConnectionGrant,
  mergeGrants: mergeConnectionGrants,
};

export const authenticateRules: DecideRules<AuthenticateGrant> = {
  byDefault: deny(),
  checkGrant: checkAuthenticateGrant,
  mergeGrants: mergeAuthenticateGrants,
};

export const subscribeRules: DecideRules<AuthorizeSubscribeGrant> = {
  byDefault: deny(),
  checkGrant: checkSubscribeGrant,
  mergeGrants: mergeSubscribeGrants,
};

export const retainRules: DecideRules<RetainGrant> = {
  byDefault: allow(),
  checkGrant: checkRetainGrant,
  mergeGrants: mergeRetainGrants,
};

export const enqueueRules: DecideRules<EnqueueGrant> = {
  byDefault: allow(),
  checkGrant: checkEnqueueGrant,
  mergeGrants: mergeEnqueueGrants,
};
