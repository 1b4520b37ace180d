import { BrokerError, type PluginContext } from '@sluice/plugin';
import { AttemptGuard } from './attempts/attempt-guard.ts';
import { AttemptLimits } from './attempts/attempt-limits.ts';
import { Authenticators } from './authenticators.ts';
import { CertificateLogin } from './certificates/certificate-login.ts';
import { LiveDocument } from './documents/live-document.ts';
import type { Settings } from './options.ts';
import { PasswordCheck } from './passwords/password-check.ts';
import { type Reloadable, Reloading } from './reloading.ts';
import { AccessControl } from './rules/access-control.ts';
import { registerAccessHooks } from './rules/access-hooks.ts';
import { type AccessQuestion, type Explanation, explain } from './rules/explain.ts';
import type { Rule } from './rules/rule.ts';
import { checkRulesFile, rulesSource } from './rules/rules-file.ts';
import { ScramExchanges } from './scram/scram-exchanges.ts';
import { VerificationKeys } from './tokens/token-keys.ts';
import { TokenLogin } from './tokens/token-login.ts';
import { revokeLogin, revokeLogins } from './users/revoke-logins.ts';
import { UserLogins } from './users/user-logins.ts';
import { Users } from './users/users.ts';
import { usersSource } from './users/users-file.ts';

/** Counted from the start on. */
export interface AuthStats {
  /** Logins that failed by a wrong name, password or proof. */
  readonly failedLogins: number;
  /** Logins that were refused unseen, because too many had failed. */
  readonly refusedLogins: number;
}

/** What stands behind the plug-in: users, rules and keys as they are now, and the hooks that ask them. */
export class AuthService {
  readonly #settings: Settings;
  readonly #users: LiveDocument<Users> | undefined;
  readonly #rules: LiveDocument<readonly Rule[]> | undefined;
  readonly #keys: VerificationKeys | undefined;
  readonly #parts: readonly Reloadable[];
  #attempts: AttemptGuard | undefined;
  #logins: UserLogins | undefined;
  #passwords: PasswordCheck | undefined;
  #scram: ScramExchanges | undefined;
  #control: AccessControl | undefined;
  #reloading: Reloading | undefined;
  #isLoaded = false;
  /** Whether there is a broker to tell of changes. */
  #isRunning = false;
  #isInUse = false;

  constructor(settings: Settings) {
    const { users, rules, jwt, identities } = settings;
    this.#settings = settings;
    this.#users =
      users === undefined
        ? undefined
        : new LiveDocument(users, usersSource('options.users'), (document, source) => {
            return new Users(document, source);
          });
    this.#rules =
      rules === undefined
        ? undefined
        : new LiveDocument(rules, rulesSource('options.rules'), (document, source) => {
            return checkRulesFile(document, identities, source);
          });
    this.#keys = jwt && new VerificationKeys(jwt);
    this.#parts = [this.#users, this.#rules, this.#keys].filter((part) => part !== undefined);
  }

  get stats(): AuthStats {
    return {
      failedLogins: this.#attempts?.failedLogins ?? 0,
      refusedLogins: this.#attempts?.refusedLogins ?? 0,
    };
  }

  /** Reads everything for the first time. */
  async load(): Promise<void> {
    for (const part of this.#parts) await part.load();
    this.#isLoaded = true;
    this.#take();
  }

  /** One broker or scope at a time: a change is told to whom it was given to. */
  async setup(context: PluginContext): Promise<void> {
    if (this.#isInUse) throw inUse();
    this.#isInUse = true;
    try {
      await this.#register(context);
    } catch (error) {
      this.#isInUse = false;
      throw error;
    }
  }

  async #register(context: PluginContext): Promise<void> {
    const reloading = new Reloading(
      this.#parts,
      () => this.#changed(context),
      (error) => context.reportError(error),
    );
    this.#reloading = reloading;
    this.#registerLogins(context);
    await this.load();
    if (this.#rules !== undefined) {
      registerAccessHooks(context, () => this.#control as AccessControl);
    }
    context.hook('start', () => {
      this.#isRunning = true;
      if (this.#settings.watch) reloading.watch();
    });
    context.hook('close', () => {
      this.#isRunning = false;
      this.#isInUse = false;
      reloading.unwatch();
    });
    context.hook('policyChanged', ({ clientId }) => this.#forget(context, clientId));
  }

  async reload(): Promise<void> {
    await (this.#reloading ?? notReady()).reload();
  }

  explain(question: AccessQuestion): Explanation {
    if (!this.#isLoaded) return notReady();
    return explain(question, this.#control, this.#rolesOf);
  }

  #registerLogins(context: PluginContext): void {
    const { jwt, certificate, anonymous, attempts, identities } = this.#settings;
    if (!identities) return;
    const users = this.#users;
    if (users !== undefined) {
      const limits = attempts && new AttemptLimits(attempts);
      this.#attempts = new AttemptGuard(limits, (event) => context.broker.limited(event));
      this.#passwords = new PasswordCheck(this.#settings);
      const logins = new UserLogins(() => users.current, this.#passwords, this.#attempts);
      this.#logins = logins;
      this.#scram = new ScramExchanges(logins);
      // A login that was under way while its user was removed was missed by the change.
      context.hook('connected', ({ client }) => revokeLogin(context.broker, logins, client));
    }
    const ways = new Authenticators({
      certificate: certificate && new CertificateLogin(certificate),
      token: jwt && this.#keys && new TokenLogin(jwt, this.#keys.find, context.reportError),
      users: this.#logins,
      scram: this.#scram,
      anonymous,
    });
    if (users === undefined && jwt === undefined && certificate === undefined) return;
    context.hook('authenticate', (event) => ways.authenticate(event));
    if (users !== undefined || jwt !== undefined) {
      context.hook('exchange', (event) => ways.exchange(event));
    }
  }

  readonly #rolesOf = (identity: string): readonly string[] =>
    this.#users?.current.rolesOf(identity) ?? [];

  /** Decides from now on by what was read last. */
  #take(): void {
    const users = this.#users?.current;
    if (users !== undefined) {
      this.#passwords?.use(users.passwords);
      this.#scram?.use(users.scramKeys);
    }
    if (this.#rules !== undefined) {
      this.#control = new AccessControl(this.#rules.current, users && this.#rolesOf);
    }
  }

  /** Whoever changed what a client is, or all are: what was decided about them is void. */
  #forget({ broker }: PluginContext, clientId: string | undefined): void {
    const client = clientId === undefined ? undefined : broker.sessions.get(clientId)?.client;
    if (clientId === undefined) this.#control = this.#control?.renewed();
    else if (client !== undefined) this.#control?.forget(client);
  }

  /** Lets a change take effect on those who are connected, and on what waits for them. */
  async #changed({ broker }: PluginContext): Promise<void> {
    this.#take();
    if (!this.#isRunning) return;
    if (this.#logins !== undefined) await revokeLogins(broker, this.#logins);
    await broker.reauthorize();
  }
}

function inUse(): BrokerError {
  return new BrokerError(
    'SLUICE_PLUGIN_TWICE',
    'This auth() is in use by another broker or scope: make one for each of them, with the same options.',
  );
}

function notReady(): never {
  throw new BrokerError(
    'SLUICE_AUTH_NOT_READY',
    'Nothing is loaded yet: give the plug-in to createBroker first, or call load().',
  );
}
