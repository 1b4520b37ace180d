// What hooks that allow may grant: checked when it comes, and put together where several grant.
import type { Qos } from '@sluice/packet';
import type {
  AuthenticateGrant,
  AuthorizeSubscribeGrant,
  ConnectionGrant,
  EnqueueGrant,
  ExchangeGrant,
  RetainGrant,
} from '@sluice/plugin';
import {
  checkBinary,
  checkLowerQos,
  checkSeconds,
  checkString,
  checkUserProperties,
  refused,
  refuseUnknownFields,
} from './change-message.ts';
import { faultInLimits, lowerLimits } from './client-limits.ts';

const connectionFields: ReadonlySet<string> = new Set<keyof ConnectionGrant>(['limits']);

const authenticateFields: ReadonlySet<string> = new Set<keyof AuthenticateGrant>([
  'identity',
  'attributes',
  'responseInformation',
  'limits',
  'expiresAt',
  'reasonString',
  'userProperties',
]);

const exchangeFields: ReadonlySet<string> = new Set<keyof ExchangeGrant>([
  ...(authenticateFields as ReadonlySet<keyof AuthenticateGrant>),
  'data',
]);

const subscribeFields: ReadonlySet<string> = new Set<keyof AuthorizeSubscribeGrant>(['maximumQos']);
const retainFields: ReadonlySet<string> = new Set<keyof RetainGrant>(['timeToLiveSeconds']);

const enqueueFields: ReadonlySet<string> = new Set<keyof EnqueueGrant>([
  'timeToLiveSeconds',
  'replaceKey',
]);

/** Throws when what was granted to a connection is no grant. */
export function checkConnectionGrant(grant: unknown): void {
  const { limits } = fieldsOf<ConnectionGrant>(grant, connectionFields);
  if (limits !== undefined) checkLimits(limits);
}

/** The lowest of each limit. */
export function mergeConnectionGrants(
  first: ConnectionGrant,
  second: ConnectionGrant,
): ConnectionGrant {
  return { limits: lowerLimits(first.limits ?? {}, second.limits ?? {}) };
}

/** Throws when an authenticator granted what is no grant. */
export function checkAuthenticateGrant(grant: unknown): void {
  checkIdentity(fieldsOf<AuthenticateGrant>(grant, authenticateFields));
}

/** Throws when a step of an enhanced authentication granted what is no grant. */
export function checkExchangeGrant(grant: unknown): void {
  const fields = fieldsOf<ExchangeGrant>(grant, exchangeFields);
  checkIdentity(fields);
  if (fields.data !== undefined) checkBinary('data', fields.data);
}

/** Field by field, the first authenticator that has something to say; the lowest limits, the earliest end. */
export function mergeAuthenticateGrants(
  first: AuthenticateGrant,
  second: AuthenticateGrant,
): AuthenticateGrant {
  const said = Object.entries(first).filter(([, value]) => value !== undefined);
  const merged: AuthenticateGrant = { ...second, ...Object.fromEntries(said) };
  return {
    ...merged,
    ...(first.limits !== undefined &&
      second.limits !== undefined && { limits: lowerLimits(first.limits, second.limits) }),
    ...(merged.expiresAt !== undefined && {
      expiresAt: Math.min(first.expiresAt ?? Infinity, second.expiresAt ?? Infinity),
    }),
  };
}

/** Throws when what was granted to a subscription is no grant. */
export function checkSubscribeGrant(grant: unknown): void {
  const { maximumQos } = fieldsOf<AuthorizeSubscribeGrant>(grant, subscribeFields);
  if (maximumQos !== undefined) checkLowerQos(maximumQos, 2);
}

/** The lower of two maxima. */
export function mergeSubscribeGrants(
  first: AuthorizeSubscribeGrant,
  second: AuthorizeSubscribeGrant,
): AuthorizeSubscribeGrant {
  return { maximumQos: Math.min(first.maximumQos ?? 2, second.maximumQos ?? 2) as Qos };
}

/** Throws when what was granted to a retained message is no grant. */
export function checkRetainGrant(grant: unknown): void {
  checkTimeToLive(fieldsOf<RetainGrant>(grant, retainFields));
}

/** Throws when what was granted to a message on its way into a queue is no grant. */
export function checkEnqueueGrant(grant: unknown): void {
  const fields = fieldsOf<EnqueueGrant>(grant, enqueueFields);
  checkTimeToLive(fields);
  if (fields.replaceKey !== undefined && typeof fields.replaceKey !== 'string') {
    throw refused('replaceKey is no string');
  }
}

/** The lower time to live. */
export function mergeRetainGrants(first: RetainGrant, second: RetainGrant): RetainGrant {
  const seconds = lowerTimeToLive(first, second);
  return seconds === undefined ? {} : { timeToLiveSeconds: seconds };
}

/** The lower time to live, the first key. */
export function mergeEnqueueGrants(first: EnqueueGrant, second: EnqueueGrant): EnqueueGrant {
  const replaceKey = first.replaceKey ?? second.replaceKey;
  return {
    ...mergeRetainGrants(first, second),
    ...(replaceKey !== undefined && { replaceKey }),
  };
}

function checkIdentity(grant: AuthenticateGrant): void {
  const { identity, attributes, responseInformation, limits, expiresAt } = grant;
  if (identity !== undefined && typeof identity !== 'string') {
    throw refused('identity is no string');
  }
  if (attributes !== undefined && (typeof attributes !== 'object' || attributes === null)) {
    throw refused('attributes is no object');
  }
  if (responseInformation !== undefined) checkString('responseInformation', responseInformation);
  if (limits !== undefined) checkLimits(limits);
  if (expiresAt !== undefined && !Number.isFinite(expiresAt)) {
    throw refused('expiresAt is no time in milliseconds since 1970');
  }
  if (grant.reasonString !== undefined) checkString('reasonString', grant.reasonString);
  if (grant.userProperties !== undefined) {
    checkUserProperties('userProperties', grant.userProperties);
  }
}

function checkLimits(limits: unknown): void {
  const fault = faultInLimits(limits);
  if (fault !== undefined) throw refused(fault);
}

function checkTimeToLive({ timeToLiveSeconds }: RetainGrant): void {
  if (timeToLiveSeconds !== undefined) checkSeconds('timeToLiveSeconds', timeToLiveSeconds);
}

function lowerTimeToLive(first: RetainGrant, second: RetainGrant): number | undefined {
  const lower = Math.min(first.timeToLiveSeconds ?? Infinity, second.timeToLiveSeconds ?? Infinity);
  return lower === Infinity ? undefined : lower;
}

function fieldsOf<Grant extends object>(grant: unknown, known: ReadonlySet<string>): Grant {
  if (typeof grant !== 'object' || grant === null) throw refused('the grant is no object');
  refuseUnknownFields(grant, known, 'granted');
  return grant as Grant;
}
