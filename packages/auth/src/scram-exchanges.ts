import { Buffer } from 'node:buffer';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { ReasonCode } from '@sluice/packet';
import {
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

/** What the broker remembers between its challenge and the proof. */
interface Challenge {
  readonly first: ClientFirst;
  readonly keys: ScramKeys;
  /** Whether the keys are those of a user, no decoy. */
  readonly isKnown: boolean;
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
  readonly #users: ReadonlyMap<string, ScramKeys>;
  readonly #decoys: ScramDecoys;
  readonly #makeNonce: () => string;
  /** Forgets a connection that ends in the middle. */
  readonly #challenges = new WeakMap<ConnectionInfo, Challenge>();

  constructor(users: ReadonlyMap<string, ScramKeys>, makeNonce: () => string = randomNonce) {
    this.#users = users;
    this.#decoys = new ScramDecoys(users.values());
    this.#makeNonce = makeNonce;
  }

  /** Answers the client's first message with a challenge, and its second one with a verdict. */
  step(event: ExchangeEvent): Verdict<ExchangeGrant> | Proceed | undefined {
    if (event.method !== scramMethod) return undefined;
    const { connection } = event;
    const challenge = this.#challenges.get(connection);
    // One try: a challenge that was answered, well or not, is never taken up again.
    this.#challenges.delete(connection);
    try {
      return challenge === undefined ? this.#challenge(event) : judge(challenge, event);
    } catch (thrown) {
      if (thrown instanceof ScramFault) return deny(ReasonCode.notAuthorized, thrown.message);
      throw thrown;
    }
  }

  #challenge({ connection, data }: ExchangeEvent): Proceed {
    const first = parseClientFirst(data);
    const known = this.#users.get(first.userName);
    // Made for everybody, so that known names take no less time.
    const decoy = this.#decoys.of(first.userName);
    const keys = known ?? decoy;
    const nonce = first.nonce + this.#makeNonce();
    const salt = Buffer.from(keys.salt).toString('base64');
    const text = `r=${nonce},s=${salt},i=${keys.iterations}`;
    this.#challenges.set(connection, { first, keys, isKnown: known !== undefined, nonce, text });
    return proceed(Buffer.from(text));
  }
}

function judge(
  { first, keys, isKnown, nonce, text }: Challenge,
  { data, client }: ExchangeEvent,
): Verdict<ExchangeGrant> {
  const final = parseClientFinal(data);
  if (final.binding !== Buffer.from(first.header).toString('base64')) {
    throw new ScramFault('the channel binding is not the one of the first message');
  }
  if (final.nonce !== nonce) throw new ScramFault('the nonce is not the one of this exchange');
  const conversation = `${first.bare},${text},${final.withoutProof}`;
  const mask = hmac(keys.storedKey, conversation);
  const clientKey = mask.map((byte, index) => byte ^ (final.proof[index] as number));
  const matches = timingSafeEqual(sha256(clientKey), keys.storedKey);
  if (!matches || !isKnown) return wrongCredentials;
  // Who authenticates again stays who they are [MQTT-4.12.1-2].
  if (client !== undefined && client.identity !== first.userName) return anotherUser;
  const signature = hmac(keys.serverKey, conversation).toString('base64');
  return allow({ identity: first.userName, data: Buffer.from(`v=${signature}`) });
}

/** 24 characters, none of them a comma. */
function randomNonce(): string {
  return randomBytes(18).toString('base64');
}
