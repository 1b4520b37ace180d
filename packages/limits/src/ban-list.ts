import { ReasonCode } from '@sluice/packet';
import {
  type BrokerServices,
  type Client,
  type ConnectionInfo,
  type Deny,
  type Drop,
  deny,
  drop,
  type Plugin,
} from '@sluice/plugin';
import { type Ban, readBan, targetOf } from './ban.ts';
import { BanFile } from './ban-file.ts';
import { BanSet } from './ban-set.ts';
import { type Clock, systemClock } from './clock.ts';
import { checkNames, refused } from './option-checks.ts';

export interface BanListOptions {
  /** Bans from the start on, beside those of the file. */
  readonly bans?: readonly Ban[] | undefined;
  /** Path of a JSON file that keeps the bans; made by the first change. Without it they end with the process. */
  readonly file?: string | undefined;
  /** The process's own by default. */
  readonly clock?: Clock | undefined;
}

/** A plug-in whose bans can be changed while the broker runs. */
export interface BanList extends Plugin {
  /** Bans at once, and disconnects whom it hits (0x98). Settles when that is done and the file, if any, durable. */
  add(ban: Ban): Promise<void>;
  /** Ends the ban of a client identifier, user or address, by the text it was made with; false when there is none. */
  remove(ban: Pick<Ban, 'clientId' | 'user' | 'address'>): Promise<boolean>;
  /**
   * Reads the file again, for changes that somebody else made there. Settles when all whom it hits are disconnected;
   * rejects with SLUICE_LIMITS_BANS_FILE, and keeps the bans it has, when the file is broken.
   */
  reload(): Promise<void>;
  /** Those that are in force. */
  list(): readonly Ban[];
}

const name = 'ban-list';
const code = 'SLUICE_LIMITS_OPTIONS';

/** After hooks that change CONNECT: what counts is who the client turns out to be. */
const priority = -100;

const denied: Deny = Object.freeze(deny(ReasonCode.banned));
const dropped: Drop = Object.freeze(drop(ReasonCode.banned, 'banned'));

/** A broker, or a scope of one, with the connections that came there: the others are none of its business. */
interface Door {
  readonly broker: BrokerServices;
  readonly watched: WeakSet<ConnectionInfo>;
}

/** Keeps out client identifiers, users and addresses. */
export function banList(options: BanListOptions = {}): BanList {
  checkNames(name, options, ['bans', 'file', 'clock']);
  const { clock = systemClock } = options;
  if (options.file !== undefined && (typeof options.file !== 'string' || options.file === '')) {
    throw refused(name, 'file must be the path of a file');
  }
  const file = options.file === undefined ? undefined : new BanFile(options.file);
  const fromOptions = (options.bans ?? []).map((ban) => readBan(ban, code));
  /** Those that count whatever the file says: of the options, and such as it could not be given. */
  const given = new BanSet(fromOptions);
  let bans = new BanSet(fromOptions);
  /** How often one came or went. */
  let changes = 0;

  /** Where it is in use: several scopes and brokers may have one list. */
  const doors = new Set<Door>();
  const isBanned = ({ clientId, userName, identity, connection }: Client): boolean =>
    bans.hits({ clientId, userName, identity, address: connection.remoteAddress }, clock.now());
  const disconnectBanned = async (): Promise<void> => {
    for (const door of doors) {
      for await (const { client } of door.broker.sessions) {
        if (client === undefined || !door.watched.has(client.connection)) continue;
        if (isBanned(client)) disconnect(door.broker, client);
      }
    }
  };
  const store = async (): Promise<void> => {
    await file?.write(() => bans.list(clock.now()));
  };

  return {
    name,
    async setup(context) {
      for (const ban of (await file?.read()) ?? []) bans.add(ban);
      const { broker } = context;
      const door: Door = { broker, watched: new WeakSet() };
      context.hook('start', () => void doors.add(door));
      context.hook('close', () => void doors.delete(door));
      context.hook('connection', ({ connection }) => {
        door.watched.add(connection);
        if (!bans.hits({ address: connection.remoteAddress }, clock.now())) return;
        tell(broker, connection);
        return denied;
      });
      context.hook(
        'connect',
        ({ connection, packet: { clientId, userName } }) => {
          const address = connection.remoteAddress;
          if (!bans.hits({ clientId, userName, address }, clock.now())) return;
          tell(broker, connection);
          return dropped;
        },
        { priority },
      );
      // Only now the identity is known, and a ban may have come while the client authenticated.
      context.hook('connected', ({ client }) => {
        if (isBanned(client)) disconnect(broker, client);
      });
    },
    async add(ban) {
      const read = readBan(ban, code);
      bans.add(read);
      changes += 1;
      const stored = store().catch((error: unknown) => {
        given.add(read);
        throw error;
      });
      await Promise.all([stored, disconnectBanned()]);
    },
    async remove(ban) {
      const target = targetOf(ban);
      if (target === undefined || !bans.remove(target)) return false;
      given.remove(target);
      changes += 1;
      await store();
      return true;
    },
    async reload() {
      if (file === undefined) return;
      let read: readonly Ban[];
      let before: number;
      // What changed while the file was read may not be in it yet: then it is read again, after that was written.
      do {
        before = changes;
        read = await file.read();
      } while (changes !== before);
      bans = new BanSet([...given.list(clock.now()), ...read]);
      await disconnectBanned();
    },
    list: () => bans.list(clock.now()),
  };
}

function tell(broker: BrokerServices, connection: ConnectionInfo, clientId?: string): void {
  const action = clientId === undefined ? 'refused' : 'closed';
  broker.limited({ limit: name, action, connection, clientId });
}

function disconnect(broker: BrokerServices, client: Client): void {
  tell(broker, client.connection, client.clientId);
  // Banned (0x8A) is no code of DISCONNECT: a client that comes back reads it in CONNACK.
  broker.disconnect(client.clientId, {
    reasonCode: ReasonCode.administrativeAction,
    reasonString: 'banned',
  });
}
