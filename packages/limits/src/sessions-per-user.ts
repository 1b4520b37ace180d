import { ReasonCode } from '@sluice/packet';
import type { Client, Plugin } from '@sluice/plugin';
import { checkChoice, checkInteger, checkNames } from './option-checks.ts';
import { UserSessions } from './user-sessions.ts';

export interface SessionsPerUserOptions {
  /** Whole number from 1, or a function that knows it for a client; `Infinity` does not limit. */
  readonly maximum: number | ((client: Client) => number);
  /** Whether the client that comes is disconnected, or the one that came first. */
  readonly onLimit: 'refuse' | 'disconnect-oldest';
  /** Connected clients, by default, or sessions: those of absent clients, too. */
  readonly count?: 'connected' | 'sessions' | undefined;
}

const name = 'sessions-per-user';

/**
 * Bounds how many clients, or sessions, one identity has; anonymous clients have none and are not counted. Who is one
 * too many gets DISCONNECT 0x97, and a session that it did not have before ends.
 */
export function sessionsPerUser(options: SessionsPerUserOptions): Plugin {
  checkNames(name, options, ['maximum', 'onLimit', 'count']);
  const { maximum } = options;
  const onLimit = checkChoice(name, 'onLimit', options.onLimit, ['refuse', 'disconnect-oldest']);
  const count = checkChoice(name, 'count', options.count ?? 'connected', ['connected', 'sessions']);
  if (typeof maximum !== 'function' && maximum !== Infinity) {
    checkInteger(name, 'maximum', maximum, 1);
  }
  const maximumOf = typeof maximum === 'function' ? maximum : () => maximum;

  return {
    name,
    setup(context) {
      const users = new UserSessions();
      const end = (clientId: string, endSession: boolean): void => {
        const { broker } = context;
        broker.limited({ limit: name, action: 'closed', connection: undefined, clientId });
        broker.disconnect(clientId, {
          reasonCode: ReasonCode.quotaExceeded,
          reasonString: 'too many sessions of this user',
        });
        if (endSession) broker.sessions.end(clientId).catch(context.reportError);
      };

      /** None where it cannot be told: who is not counted would not be limited either. */
      const roomFor = (client: Client): number => {
        try {
          return maximumOf(client);
        } catch (error) {
          context.reportError(error as Error);
          return 0;
        }
      };
      /** A scope is not told of the end of a session that has moved to another one. */
      const forgetGone = (identity: string): void => {
        for (const clientId of users.of(identity).keys()) {
          const session = context.broker.sessions.get(clientId);
          if (session?.identity !== identity) users.remove(identity, clientId);
        }
      };

      context.hook('connected', ({ client, sessionPresent }) => {
        const { identity, clientId, connection } = client;
        if (identity === '') return;
        const sessions = users.of(identity);
        const room = sessions.has(clientId) ? Infinity : roomFor(client);
        if (count === 'sessions' && !(sessions.size < room)) forgetGone(identity);
        // What is no number is no room.
        if (!(sessions.size < room) && onLimit === 'refuse') {
          end(clientId, !sessionPresent);
          return;
        }
        for (const oldest of sessions.keys()) {
          if (users.of(identity).size < room) break;
          users.remove(identity, oldest);
          end(oldest, count === 'sessions');
        }
        users.add(identity, clientId, connection.id);
      });
      if (count === 'sessions') {
        context.hook('ended', ({ client }) => users.remove(client.identity, client.clientId));
        context.hook('start', async () => {
          for await (const { identity, clientId } of context.broker.sessions) {
            if (identity !== '') users.add(identity, clientId, '');
          }
        });
      } else {
        // After a takeover the client identifier is that of another connection.
        context.hook('disconnected', ({ client: { identity, clientId, connection } }) => {
          if (users.of(identity).get(clientId) === connection.id) users.remove(identity, clientId);
        });
      }
    },
  };
}
