import { parseArgs } from 'node:util';
import type { ProtocolVersion } from '@sluice/packet';
import { reportFormats } from './report-formats.ts';

/** What a command line asks for. */
export interface Command {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly caFile?: string;
  readonly insecure: boolean;
  readonly webSocketPort?: number;
  readonly webSocketPath: string;
  readonly versions: readonly ProtocolVersion[];
  readonly cases: readonly string[];
  readonly ids: readonly string[];
  readonly report: keyof typeof reportFormats;
  readonly list: boolean;
  readonly concurrency: number;
  readonly patienceMs: number;
  readonly topicPrefix: string;
  readonly user?: string;
  readonly password?: string;
  readonly refusedUser?: string;
  readonly refusedTopic?: string;
  readonly scramUser?: string;
  readonly scramPassword?: string;
}

export const helpText = `Usage: sluice-conformance [flags]

Checks a broker against the normative statements of MQTT 5.0 and 3.1.1. Exit code 0: nothing failed;
1: a case failed; 2: the command line is wrong, or the broker cannot be reached.

  --host H              host of the broker (localhost)
  --port P              its port (1883; 8883 with --tls)
  --tls                 connect with TLS
  --ca FILE             certificates to trust
  --insecure            trust any certificate
  --ws-port P           port for WebSockets; without it those cases are not run
  --ws-path PATH        path of the WebSocket (/)
  --version V           3 (MQTT 3.1), 4 (3.1.1) or 5 (5.0); may be repeated (all)
  --case NAME           only this case; may be repeated
  --id ID               only cases about this statement, as MQTT-3.1.2-4; may be repeated
  --list                print the cases and their statements, run nothing
  --report FORMAT       text, json or html (text)
  --concurrency N       cases that run at the same time (8)
  --patience MS         how long the broker may take for an answer (2000)
  --topic-prefix TOPIC  topics of the suite begin with it (sluice-conformance)
  --user U              credentials of every client
  --password P
  --refused-user U      a user name that the broker refuses, with any password
  --refused-topic T     a topic below which clients may neither publish nor subscribe
  --scram-user U        credentials for enhanced authentication with SCRAM-SHA-256
  --scram-password P
  --help                this text
`;

const flags = {
  host: { type: 'string', default: 'localhost' },
  port: { type: 'string' },
  tls: { type: 'boolean', default: false },
  ca: { type: 'string' },
  insecure: { type: 'boolean', default: false },
  'ws-port': { type: 'string' },
  'ws-path': { type: 'string', default: '/' },
  version: { type: 'string', multiple: true },
  case: { type: 'string', multiple: true },
  id: { type: 'string', multiple: true },
  list: { type: 'boolean', default: false },
  report: { type: 'string', default: 'text' },
  concurrency: { type: 'string', default: '8' },
  patience: { type: 'string', default: '2000' },
  'topic-prefix': { type: 'string', default: 'sluice-conformance' },
  user: { type: 'string' },
  password: { type: 'string' },
  'refused-user': { type: 'string' },
  'refused-topic': { type: 'string' },
  'scram-user': { type: 'string' },
  'scram-password': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Reads a command line; undefined when it asks for help. Throws a TypeError that says what is wrong. */
export function readCommandLine(args: readonly string[]): Command | undefined {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help) return undefined;
  const optional = {
    caFile: values.ca,
    webSocketPort:
      values['ws-port'] === undefined ? undefined : number('--ws-port', values['ws-port']),
    user: values.user,
    password: values.password,
    refusedUser: values['refused-user'],
    refusedTopic: values['refused-topic'],
    scramUser: values['scram-user'],
    scramPassword: values['scram-password'],
  };
  return {
    host: values.host,
    port: number('--port', values.port ?? (values.tls ? '8883' : '1883')),
    tls: values.tls,
    insecure: values.insecure,
    webSocketPath: values['ws-path'],
    versions: (values.version ?? ['3', '4', '5']).map(toVersion),
    cases: values.case ?? [],
    ids: values.id ?? [],
    report: toFormat(values.report),
    list: values.list,
    concurrency: number('--concurrency', values.concurrency),
    patienceMs: number('--patience', values.patience),
    topicPrefix: values['topic-prefix'],
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<Command>),
  };
}

function number(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(`${flag} must be a whole number above 0, not ${JSON.stringify(text)}`);
}

function toVersion(text: string): ProtocolVersion {
  const version = Number(text);
  if (version === 3 || version === 4 || version === 5) return version;
  throw new TypeError(`--version must be 3, 4 or 5, not ${JSON.stringify(text)}`);
}

function toFormat(text: string): keyof typeof reportFormats {
  if (Object.hasOwn(reportFormats, text)) return text as keyof typeof reportFormats;
  throw new TypeError(`--report must be text, json or html, not ${JSON.stringify(text)}`);
}
