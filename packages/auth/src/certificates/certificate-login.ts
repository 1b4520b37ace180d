import { ReasonCode } from '@sluice/packet';
import {
  type AuthenticateEvent,
  type AuthenticateGrant,
  allow,
  type Deny,
  deny,
  type ExchangeEvent,
  type Verdict,
} from '@sluice/plugin';
import { isUserName } from '../text/user-name.ts';
import type { CertificateSettings } from './certificate-options.ts';

const missing = refused('a client certificate is needed');
const malformed = refused('the common name of the certificate is no user');
const unlisted = refused('the certificate is of nobody known here');
const mismatch = {
  clientId: refused('the client identifier is not the common name of the certificate'),
  userName: refused('the user name is not the common name of the certificate'),
};

/** Knows clients by the common name of their TLS certificate, which the listener verified. */
export class CertificateLogin {
  readonly #settings: CertificateSettings;

  constructor(settings: CertificateSettings) {
    this.#settings = settings;
  }

  /**
   * The refusal of who logs in by enhanced authentication: without a certificate that is required, or with one that
   * is not listed or of another client identifier. A user name is none that anybody goes by there.
   */
  refusal({ connection, clientId }: ExchangeEvent): Deny | undefined {
    const name = connection.certificateName;
    if (name === undefined) return this.#refusalOfNone();
    const { mustEqual, names, listedOnly } = this.#settings;
    if (mustEqual.includes('clientId') && clientId !== name) return mismatch.clientId;
    return listedOnly && !names.has(name) ? unlisted : undefined;
  }

  /** Decides about a certificate; of a connection without one it has no opinion, unless it is required. */
  authenticate(event: AuthenticateEvent): Verdict<AuthenticateGrant> | undefined {
    const name = event.connection.certificateName;
    if (name === undefined) return this.#refusalOfNone();
    const { mustEqual, names, listedOnly } = this.#settings;
    if (!isUserName(name)) return malformed;
    for (const field of mustEqual) {
      if (event[field] !== name) return mismatch[field];
    }
    const entry = names.get(name);
    if (entry === undefined && listedOnly) return unlisted;
    const { user, roles } = entry ?? { user: name, roles: [] };
    return allow({ identity: user, attributes: { login: 'certificate', roles } });
  }

  #refusalOfNone(): Deny | undefined {
    return this.#settings.required ? missing : undefined;
  }
}

function refused(why: string): Deny {
  return Object.freeze(deny(ReasonCode.notAuthorized, why));
}
