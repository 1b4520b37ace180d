import type { AccessQuestion } from '@sluice/auth';
import { type ResolvedConfig, resolveConfig } from '../config.ts';
import { readConfig } from '../layers.ts';
import { parseWords, usage } from '../settings.ts';
import type { Terminal } from '../terminal.ts';

/** What `sluice acl test` is to find out, and by which rules. */
export interface AclArguments {
  readonly question: AccessQuestion;
  readonly config: ResolvedConfig;
}

/** The flags of `sluice acl test`, as the help text shows them. */
export const aclFlags: readonly {
  readonly flag: string;
  readonly argument?: string;
  readonly help: string;
}[] = [
  { flag: 'user', argument: 'USER', help: 'who it is (an anonymous client)' },
  { flag: 'client', argument: 'ID', help: 'client identifier (none)' },
  { flag: 'role', argument: 'ROLE,...', help: 'roles, besides those of the users file' },
  { flag: 'attribute', argument: 'N=V,...', help: 'attributes, such as claims of a token' },
  { flag: 'qos', argument: 'QOS', help: 'QoS of the message or subscription (0; 2 to subscribe)' },
  { flag: 'retain', help: 'the message has RETAIN' },
  { flag: 'config', argument: 'FILE', help: 'configuration file that names users and rules' },
  { flag: 'users', argument: 'FILE', help: 'users file' },
  { flag: 'rules', argument: 'FILE', help: 'rules file' },
];

const actions = ['publish', 'subscribe', 'receive'] as const;

/** Throws SLUICE_USAGE, or what is wrong with the configuration. */
export function readAclArguments(
  [verb, ...rest]: readonly string[],
  environment: Terminal['environment'],
): AclArguments {
  if (verb !== 'test') throw usage('sluice acl needs test');
  const { given, words } = parseWords(rest, aclFlags);
  const text = (name: string) => given.get(name) as string | undefined;
  const list = (name: string) =>
    text(name)
      ?.split(',')
      .filter((item) => item !== '') ?? [];
  const [actionName, topic, unexpected] = words;
  const action = actions.find((name) => name === actionName);
  if (action === undefined) throw usage(`sluice acl test needs one of ${actions.join(', ')}`);
  if (topic === undefined || topic === '') throw usage(`sluice acl test ${action} needs a topic`);
  if (unexpected !== undefined) throw usage(`Unexpected argument ${JSON.stringify(unexpected)}`);
  const files = ['config', 'users', 'rules'].flatMap((name) => {
    const path = text(name);
    return path === undefined ? [] : [`--${name}`, path];
  });
  return {
    config: resolveConfig(readConfig(files, environment)),
    question: {
      action,
      topic,
      identity: text('user'),
      clientId: text('client'),
      roles: list('role'),
      attributes: Object.fromEntries(list('attribute').map(attribute)),
      qos: qosOf(text('qos')),
      retain: given.has('retain'),
    },
  };
}

function attribute(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  if (equals < 1) throw usage(`--attribute ${JSON.stringify(pair)} is not NAME=VALUE`);
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}

function qosOf(value: string | undefined): AccessQuestion['qos'] {
  switch (value) {
    case undefined:
      return undefined;
    case '0':
      return 0;
    case '1':
      return 1;
    case '2':
      return 2;
    default:
      throw usage('--qos must be 0, 1 or 2');
  }
}
