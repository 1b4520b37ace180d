import { Buffer } from 'node:buffer';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { ReasonCode } from '@sluice/packet';
import {
  type AuthenticateGrant,
  allow,
  type ConnectionInfo,
  type Deny,
  deny,
  type ExchangeEvent,
  type ExchangeGrant,
  type Proceed,
  proceed,
  type Verdict,
} from '@sluice/plugin';
import { ScramDecoys } from './scram-decoys.ts';
import { hmac, type ScramKeys, sha256 } from './scram-keys.ts';
import {
  type ClientFirst,
  parseClientFinal,
  parseClientFirst,
  ScramFault,
} from './scram-message.ts';

/** The authentication method, as CONNECT names it. */
export const scramMethod = 'SCRAM-SHA-256';

/** Who keeps count of logins, and says what a user gets. */
export interface ScramLogins {
  /** The refusal of a login that may not even be tried; undefined when it may. */
  refusal(event: ExchangeEvent, name: string): Deny | undefined;
  failed(event: ExchangeEvent, name: string): void;
  accepted(event: ExchangeEvent, name: string): AuthenticateGrant;
}

/** What the broker remembers between its challenge and the proof. */
interface Challenge {
  readonly first: ClientFirst;
  readonly keys: ScramKeys;
  /** Of both sides. */
  readonly nonce: string;
  /** The broker's message. */
  readonly text: string;
}

const wrongCredentials: Deny = Object.freeze(
  deny(ReasonCode.notAuthorized, 'wrong user name or password'),
);
const anotherUser: Deny = Object.freeze(
  deny(ReasonCode.notAuthorized, 'the connection belongs to another user'),
);

/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: a challenge, a proof, and every step
 * is a few hashes. The work of the password is the client's.
 */
export class ScramExchanges {
  readonly #logins: ScramLogins;
  readonly #makeNonce: () => string;
  readonly #decoys = new ScramDecoys();
  #users: ReadonlyMap<string, ScramKeys> = new Map();
  /** Forgets a connection that ends in the middle. */
  readonly #challenges = new WeakMap<ConnectionInfo, Challenge>();

  constructor(logins: ScramLogins, makeNonce: () => string = randomNonce) {
    this.#logins = logins;
    this.#makeNonce = makeNonce;
  }

  /** Takes other users from now on. Whose keys changed meanwhile has to begin again. */
  use(users: ReadonlyMap<string, ScramKeys>): void {
    this.#users = users;
    this.#decoys.use(users.values());
  }

  /** Answers the client's first message with a challenge, and its second one with a verdict. */
  exchange(event: ExchangeEvent): Verdict<ExchangeGrant> | Proceed {
    const { connection } = event;
    const challenge = this.#challenges.get(connection);
    // One try: a challenge that was answered, well or not, is never taken up again.
    this.#challenges.delete(connection);
    try {
      return challenge === undefined ? this.#challenge(event) : this.#judge(challenge, event);
    } catch (thrown) {
      if (thrown instanceof ScramFault) return deny(ReasonCode.notAuthorized, thrown.message);
      throw thrown;
    }
  }

  #challenge(event: ExchangeEvent): Proceed | Deny {
    const first = parseClientFirst(event.data);
    const refusal = this.#logins.refusal(event, first.userName);
    if (refusal !== undefined) return refusal;
    const known = this.#users.get(first.userName);
    // Made for everybody, so that known names take no less time.
    const decoy = this.#decoys.of(first.userName);
    const keys = known ?? decoy;
    const nonce = first.nonce + this.#makeNonce();
    const salt = Buffer.from(keys.salt).toString('base64');
    const text = `r=${nonce},s=${salt},i=${keys.iterations}`;
    this.#challenges.set(event.connection, { first, keys, nonce, text });
    return proceed(Buffer.from(text));
  }

  #judge(challenge: Challenge, event: ExchangeEvent): Verdict<ExchangeGrant> {
    const { first, keys } = challenge;
    const name = first.userName;
    const final = parseClientFinal(event.data);
    if (final.binding !== Buffer.from(first.header).toString('base64')) {
      throw new ScramFault('the channel binding is not the one of the first message');
    }
    if (final.nonce !== challenge.nonce) {
      throw new ScramFault('the nonce is not the one of this exchange');
    }
    // Asked again: any number of challenges may have been open at once.
    const refusal = this.#logins.refusal(event, name);
    if (refusal !== undefined) return refusal;
    const conversation = `${first.bare},${challenge.text},${final.withoutProof}`;
    const mask = hmac(keys.storedKey, conversation);
    const clientKey = mask.map((byte, index) => byte ^ (final.proof[index] as number));
    const matches = timingSafeEqual(sha256(clientKey), keys.storedKey);
    const current = this.#users.get(name) ?? this.#decoys.of(name);
    // The keys may be others than those of the challenge, or none: those of a decoy fit no password.
    if (!matches || !timingSafeEqual(current.storedKey, keys.storedKey) || !this.#users.has(name)) {
      this.#logins.failed(event, name);
      return wrongCredentials;
    }
    // Who authenticates again stays who they are [MQTT-4.12.1-2].
    if (event.client !== undefined && event.client.identity !== name) return anotherUser;
    const signature = hmac(keys.serverKey, conversation).toString('base64');
    return allow({
      ...this.#logins.accepted(event, name),
      data: Buffer.from(`v=${signature}`),
    });
  }
}

/** 24 characters, none of them a comma. */
function randomNonce(): string {
  return randomBytes(18).toString('base64');
}
