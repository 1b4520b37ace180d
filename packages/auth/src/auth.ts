import { ReasonCode } from '@sluice/packet';
import { allow, type Deny, deny, type Plugin } from '@sluice/plugin';
import { AccessControl } from './access-control.ts';
import { Authenticator } from './authenticator.ts';
import { type AuthOptions, checkOptions } from './options.ts';
import { loadRules } from './rules-file.ts';
import { ScramExchanges } from './scram-exchanges.ts';
import { loadUsers } from './users-file.ts';

const notAuthorized: Deny = Object.freeze(deny(ReasonCode.notAuthorized));

/**
 * Users with passwords, and access rules, from JSON files or from code. A file that is missing or
 * broken fails the start of the broker with a `BrokerError`; so do options that contradict each other.
 */
export function auth(options: AuthOptions): Plugin {
  const settings = checkOptions(options);
  return {
    name: 'auth',
    async setup(context) {
      const users = settings.users && (await loadUsers(settings.users));
      const rules = settings.rules && (await loadRules(settings.rules, settings.identities));

      if (users) {
        const authenticator = new Authenticator(users.passwords, settings);
        const exchanges = new ScramExchanges(users.scramKeys);
        context.hook('authenticate', (event) => authenticator.authenticate(event));
        context.hook('exchange', (event) => exchanges.step(event));
      }
      if (rules) {
        const control = new AccessControl(rules);
        context.hook('authorizePublish', ({ client, message }) =>
          control.of(client).mayPublish(message.topic) ? allow() : notAuthorized,
        );
        context.hook('authorizeSubscribe', ({ client, subscription }) =>
          control.of(client).maySubscribe(subscription.filter) ? allow() : notAuthorized,
        );
        context.hook('authorizeDeliver', ({ client, message }) =>
          control.of(client).mayReceive(message.topic) ? allow() : notAuthorized,
        );
      }
    },
  };
}
