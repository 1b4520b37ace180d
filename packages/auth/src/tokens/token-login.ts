import { ReasonCode } from '@sluice/packet';
import {
  type AuthenticateEvent,
  type AuthenticateGrant,
  allow,
  BrokerError,
  type Deny,
  deny,
  type ExchangeEvent,
  type ExchangeGrant,
  type Verdict,
} from '@sluice/plugin';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import { rolesIn, valueAt } from '../attributes/attributes.ts';
import { decodeText } from '../text/prepare-text.ts';
import { isUserName } from '../text/user-name.ts';
import { findToken } from './find-token.ts';
import { KeysUnavailable } from './remote-keys.ts';
import type { FindKey } from './token-keys.ts';
import type { TokenSettings } from './token-options.ts';

/** The authentication method, as CONNECT names it. Its data is the token in its compact form. */
export const tokenMethod = 'JWT';

type Answer = Verdict<AuthenticateGrant>;

const unavailable: Deny = Object.freeze(
  deny(ReasonCode.serverUnavailable, 'tokens cannot be checked at the moment'),
);

/** Logs in who brings a token that somebody signed whom the broker trusts. */
export class TokenLogin {
  readonly #settings: TokenSettings;
  readonly #findKey: FindKey;
  readonly #reportError: (error: Error) => void;
  /** Once is enough: as many tokens come as strangers like. */
  #hasToldOfKey = false;

  constructor(settings: TokenSettings, findKey: FindKey, reportError: (error: Error) => void) {
    this.#settings = settings;
    this.#findKey = findKey;
    this.#reportError = reportError;
  }

  /** Decides about a token; of a CONNECT without one it has no opinion. */
  authenticate(event: AuthenticateEvent): Promise<Answer> | undefined {
    const token = findToken(event, this.#settings.from);
    return token === undefined ? undefined : this.#judge(token, event.clientId);
  }

  /** Decides about a token that came by enhanced authentication, with CONNECT or later. */
  async exchange({ data, clientId, client }: ExchangeEvent): Promise<Verdict<ExchangeGrant>> {
    const token = data && decodeText(data);
    if (token === undefined) return refused('the authentication data is no token');
    const answer = await this.#judge(token, clientId);
    // Who authenticates again stays who they are [MQTT-4.12.1-2].
    if (answer.allowed && client !== undefined && answer.grant?.identity !== client.identity) {
      return refused('the connection belongs to another user');
    }
    return answer;
  }

  async #judge(token: string, clientId: string): Promise<Answer> {
    const { algorithms, issuer, audience, clockToleranceSeconds, allowWithoutExpiry } =
      this.#settings;
    try {
      const { payload } = await jwtVerify(token, this.#findKey, {
        algorithms: [...algorithms],
        clockTolerance: clockToleranceSeconds,
        requiredClaims: allowWithoutExpiry ? [] : ['exp'],
        ...(issuer && { issuer: [...issuer] }),
        ...(audience && { audience: [...audience] }),
      });
      return this.#accept(payload, clientId);
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #accept(claims: JWTPayload, clientId: string): Answer {
    const { identityClaim, rolesClaim, clientIdClaim, clockToleranceSeconds } = this.#settings;
    const identity = valueAt(claims, identityClaim);
    if (!isUserName(identity)) return refused(`the claim ${identityClaim} of the token is no user`);
    if (clientIdClaim !== undefined && valueAt(claims, clientIdClaim) !== clientId) {
      return refused('the token is for another client identifier');
    }
    const roles = rolesIn(valueAt(claims, rolesClaim));
    const { exp } = claims;
    const attributes = { ...claims, login: 'jwt', roles };
    if (exp === undefined) return allow({ identity, attributes });
    const expiresAt = Math.min((exp + clockToleranceSeconds) * 1_000, Number.MAX_SAFE_INTEGER);
    return allow({ identity, attributes, expiresAt });
  }

  #refuse(error: unknown): Deny {
    if (error instanceof KeysUnavailable) {
      // Once for each fetch that failed, not for each token meanwhile.
      if (error.cause !== undefined) this.#reportError(keysUnavailable(error.cause));
      return unavailable;
    }
    if (error instanceof errors.JWTExpired) return refused('the token has expired');
    if (error instanceof errors.JWTClaimValidationFailed) {
      return refused(`the claim ${error.claim} of the token does not fit`);
    }
    // A key of no use is no failure of the hook: strangers pick the key, and nobody would get in after some of these.
    if (!(error instanceof errors.JOSEError)) this.#tellOfKey(error);
    return refused('the token is not valid');
  }

  #tellOfKey(error: unknown): void {
    if (this.#hasToldOfKey) return;
    this.#hasToldOfKey = true;
    this.#reportError(keyOfNoUse(error));
  }
}

function refused(why: string): Deny {
  return deny(ReasonCode.notAuthorized, why);
}

function keysUnavailable(cause: unknown): BrokerError {
  return new BrokerError(
    'SLUICE_AUTH_KEYS',
    'The keys for tokens cannot be fetched, so that tokens are refused.',
    { cause },
  );
}

function keyOfNoUse(cause: unknown): BrokerError {
  return new BrokerError(
    'SLUICE_AUTH_KEYS',
    'A key for tokens cannot be used, so that tokens signed with it are refused.',
    { cause },
  );
}
