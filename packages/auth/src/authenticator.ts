import { Buffer } from 'node:buffer';
import { createHmac, randomBytes } from 'node:crypto';
import { ReasonCode } from '@sluice/packet';
import {
  type AuthenticateEvent,
  type AuthenticateGrant,
  allow,
  deny,
  type Verdict,
} from '@sluice/plugin';
import fastq from 'fastq';
import { defaultCost, matchesHash, type PasswordHash } from './password.ts';

export interface AuthenticatorOptions {
  readonly allowAnonymous: boolean;
  readonly maxParallelHashes: number;
  readonly maxQueuedHashes: number;
}

interface Attempt {
  readonly password: Uint8Array;
  readonly hash: PasswordHash;
}

type Answer = Verdict<AuthenticateGrant>;

const anonymous: Answer = Object.freeze(allow<AuthenticateGrant>({ identity: '' }));
const badUserNameOrPassword: Answer = Object.freeze(deny(ReasonCode.badUserNameOrPassword));
const serverBusy: Answer = Object.freeze(deny(ReasonCode.serverBusy));

/** Decides who a client is, by user name and password. */
export class Authenticator {
  readonly #users: ReadonlyMap<string, PasswordHash>;
  readonly #options: AuthenticatorOptions;
  readonly #queue: fastq.queueAsPromised<Attempt, boolean>;
  readonly #decoys: readonly PasswordHash[];
  readonly #decoySecret = randomBytes(32);

  constructor(
    users: ReadonlyMap<string, PasswordHash>,
    options: AuthenticatorOptions,
    matches: (password: Uint8Array, hash: PasswordHash) => Promise<boolean> = matchesHash,
  ) {
    this.#users = users;
    this.#options = options;
    this.#decoys = makeDecoys(users);
    this.#queue = fastq.promise(
      ({ password, hash }: Attempt) => matches(password, hash),
      options.maxParallelHashes,
    );
  }

  authenticate({ userName, password }: AuthenticateEvent): Answer | Promise<Answer> {
    if (userName === undefined) {
      return this.#options.allowAnonymous ? anonymous : badUserNameOrPassword;
    }
    if (password === undefined) return badUserNameOrPassword;
    if (this.#isFull()) return serverBusy;
    return this.#check(userName, password);
  }

  async #check(userName: string, password: Uint8Array): Promise<Answer> {
    const hash = this.#users.get(userName);
    const decoy = this.#decoyFor(userName);
    // A copy, since the password is part of a chunk that may be used again while it waits.
    const attempt = { password: Buffer.from(password), hash: hash ?? decoy };
    try {
      const matched = await this.#queue.push(attempt);
      return matched && hash !== undefined ? allow({ identity: userName }) : badUserNameOrPassword;
    } finally {
      attempt.password.fill(0);
    }
  }

  #isFull(): boolean {
    const { maxParallelHashes, maxQueuedHashes } = this.#options;
    return this.#queue.running() >= maxParallelHashes && this.#queue.length() >= maxQueuedHashes;
  }

  /**
   * An unknown user takes the time of a known one: which one is fixed for a name, and cannot be
   * guessed, so that hashes of different cost do not tell known names from unknown ones.
   */
  #decoyFor(userName: string): PasswordHash {
    const digest = createHmac('sha256', this.#decoySecret).update(userName).digest();
    return this.#decoys[digest.readUInt32LE() % this.#decoys.length] as PasswordHash;
  }
}

/** For each user a hash of the same cost that no password has. */
function makeDecoys(users: ReadonlyMap<string, PasswordHash>): PasswordHash[] {
  const salt = randomBytes(16);
  const key = randomBytes(32);
  const decoys = Array.from(users.values(), ({ cost }) => ({ cost, salt, key }));
  return decoys.length > 0 ? decoys : [{ cost: defaultCost, salt, key }];
}
