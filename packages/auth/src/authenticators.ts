import {
  type AuthenticateEvent,
  type AuthenticateGrant,
  allow,
  type ExchangeEvent,
  type ExchangeGrant,
  type Proceed,
  type Verdict,
} from '@sluice/plugin';
import type { CertificateLogin } from './certificates/certificate-login.ts';
import type { AnonymousSettings } from './options.ts';
import { type ScramExchanges, scramMethod } from './scram/scram-exchanges.ts';
import { type TokenLogin, tokenMethod } from './tokens/token-login.ts';
import type { UserLogins } from './users/user-logins.ts';

type Answer = Verdict<AuthenticateGrant> | undefined;
type Step = Verdict<ExchangeGrant> | Proceed | undefined;

/** The ways to log in that are configured. */
export interface LoginWays {
  readonly certificate: CertificateLogin | undefined;
  readonly token: TokenLogin | undefined;
  readonly users: UserLogins | undefined;
  readonly scram: ScramExchanges | undefined;
  readonly anonymous: AnonymousSettings | undefined;
}

/**
 * Asks the ways to log in one after the other: certificate, token, password, nothing at all. The first that finds
 * credentials of its kind decides, well or badly; where none does, it is another plug-in's to decide.
 */
export class Authenticators {
  readonly #ways: LoginWays;

  constructor(ways: LoginWays) {
    this.#ways = ways;
  }

  authenticate(event: AuthenticateEvent): Answer | Promise<Answer> {
    const { certificate, token, users } = this.#ways;
    return (
      certificate?.authenticate(event) ??
      token?.authenticate(event) ??
      users?.authenticate(event) ??
      this.#letAnonymousIn(event)
    );
  }

  /** The client names the method, so that only one way is asked. */
  exchange(event: ExchangeEvent): Step | Promise<Step> {
    const { certificate, token, scram } = this.#ways;
    const way =
      event.method === tokenMethod ? token : event.method === scramMethod ? scram : undefined;
    if (way === undefined) return undefined;
    return certificate?.refusal(event) ?? way.exchange(event);
  }

  #letAnonymousIn({ userName, password }: AuthenticateEvent): Answer {
    const { anonymous } = this.#ways;
    if (anonymous === undefined || userName !== undefined || password !== undefined)
      return undefined;
    const { identity, roles } = anonymous;
    return allow({ identity, attributes: { login: 'anonymous', roles } });
  }
}
