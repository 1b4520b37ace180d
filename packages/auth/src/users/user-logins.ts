import { ReasonCode } from '@sluice/packet';
import {
  type AuthenticateEvent,
  type AuthenticateGrant,
  allow,
  type Client,
  type ConnectionInfo,
  type Deny,
  deny,
  type Verdict,
} from '@sluice/plugin';
import type { AttemptGuard, Login } from '../attempts/attempt-guard.ts';
import type { PasswordCheck } from '../passwords/password-check.ts';
import type { Credential, Users } from './users.ts';

type Answer = Verdict<AuthenticateGrant>;

const badUserNameOrPassword: Deny = Object.freeze(deny(ReasonCode.badUserNameOrPassword));
const serverBusy: Deny = Object.freeze(deny(ReasonCode.serverBusy));

/** Logs users in, by password here and by SCRAM in its own room, and knows who would not get in any more. */
export class UserLogins {
  readonly #users: () => Users;
  readonly #check: PasswordCheck;
  readonly #attempts: AttemptGuard;
  /** Forgets a connection when it ends. */
  readonly #credentials = new WeakMap<ConnectionInfo, Credential>();

  constructor(users: () => Users, check: PasswordCheck, attempts: AttemptGuard) {
    this.#users = users;
    this.#check = check;
    this.#attempts = attempts;
  }

  /** Decides about a user name; of a client without one it has no opinion. */
  authenticate(event: AuthenticateEvent): Answer | Promise<Answer> | undefined {
    const { userName, password } = event;
    if (userName === undefined) return undefined;
    if (password === undefined) return badUserNameOrPassword;
    return this.refusal(event, userName) ?? this.#tryPassword(event, userName, password);
  }

  /** The refusal of a login beyond the limits of attempts. */
  refusal(login: Login, name: string): Deny | undefined {
    return this.#attempts.refusal(login, name);
  }

  failed(login: Login, name: string): void {
    this.#attempts.failed(login, name);
  }

  /** What a user gets who proved by SCRAM to know the password. */
  accepted(login: Login, name: string): AuthenticateGrant {
    const credential = this.#users().credential(name, 'scram');
    if (credential === undefined) throw new Error('a user without keys cannot prove anything');
    return this.#accept(login, credential);
  }

  /** Whether a client logged in by what is no longer valid: the user was removed, or the password changed. */
  isRevoked({ connection }: Client): boolean {
    const credential = this.#credentials.get(connection);
    return credential !== undefined && !this.#users().stillHolds(credential);
  }

  #accept(login: Login, credential: Credential): AuthenticateGrant {
    const { name, kind } = credential;
    this.#attempts.succeeded(login, name);
    this.#credentials.set(login.connection, credential);
    return {
      identity: name,
      attributes: { login: kind, roles: this.#users().rolesOf(name) },
    };
  }

  async #tryPassword(login: Login, name: string, password: Uint8Array): Promise<Answer> {
    const credential = this.#users().credential(name, 'password');
    const outcome = await this.#check.check(name, password, {
      // Asked again when its turn comes: those that waited together must not all be tried.
      mayTry: () => this.#attempts.mayTry(login, name),
      wrong: () => this.#attempts.failed(login, name),
    });
    if (outcome === 'busy') return serverBusy;
    if (outcome === 'stopped') return this.refusal(login, name) ?? serverBusy;
    // The users may be others than when it began.
    if (outcome === 'right' && credential !== undefined && this.#users().stillHolds(credential)) {
      return allow(this.#accept(login, credential));
    }
    return badUserNameOrPassword;
  }
}
