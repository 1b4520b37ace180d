import type { ProtocolVersion, Qos } from '@sluice/packet';
import type {
  ClientKind,
  CommonProperties,
  Login,
  Outgoing,
  Received,
  Subscription,
} from './client-kind.ts';
import { foreignPrograms } from './foreign.ts';
import { Inbox } from './inbox.ts';
import { LineProcess } from './line-process.ts';
import { authorityFile, host, type ServerProcess } from './server-process.ts';

const versionFlags = { 3: 'mqttv31', 4: 'mqttv311', 5: 'mqttv5' } as const;

/** mosquitto_pub and mosquitto_sub. */
export function mosquitto(transport: 'tcp' | 'tls', version: ProtocolVersion): ClientKind {
  const connectionArgs = (server: ServerProcess, login?: Login): string[] => [
    ...['-h', host, '-p', String(server.port(transport)), '-V', versionFlags[version]],
    ...(transport === 'tls' ? ['--cafile', authorityFile] : []),
    ...(login ? ['-u', login.userName, '-P', login.password] : []),
  ];
  return {
    library: 'mosquitto_pub and _sub',
    transport,
    version,
    needs: [foreignPrograms.mosquittoClients],
    tellsRefusedPublish: version === 5,
    // That is what mosquitto_sub does at a signal.
    endsWithWill: version === 5,
    async publish(server, messages, login) {
      for (const message of messages) {
        const args = [...connectionArgs(server, login), ...publishArgs(message)];
        const { code, stderr } = await new LineProcess('mosquitto_pub', args).ended;
        if (code !== 0 || stderr !== '') throw new Error(`mosquitto_pub (${code}): ${stderr}`);
      }
    },
    async subscribe(server, subscription) {
      const args = [...connectionArgs(server, subscription.login), ...subscribeArgs(subscription)];
      // Through a pipe its lines would wait for a full buffer.
      const child = new LineProcess('stdbuf', ['-oL', 'mosquitto_sub', ...args]);
      const inbox = new Inbox<Received>();
      const granted = new Promise<void>((resolve, reject) => {
        void readLines(child, inbox, resolve).catch((error: Error) => {
          inbox.fail(error);
          reject(error);
        });
      });
      await granted;
      return {
        next: () => inbox.next(),
        take: (count) => inbox.take(count),
        end: async () => void (await child.end('SIGTERM')),
        kill: async () => void (await child.end('SIGKILL')),
      };
    },
  };
}

async function readLines(
  child: LineProcess,
  inbox: Inbox<Received>,
  onGranted: () => void,
): Promise<never> {
  for (;;) {
    const line = await child.lines.next();
    if (/^Subscribed \(mid: \d+\): [012]$/.test(line)) onGranted();
    else if (line.startsWith('{')) inbox.push(receivedOf(JSON.parse(line)));
  }
}

function publishArgs({ topic, payload, qos, retain, properties = {} }: Outgoing): string[] {
  return [
    ...['-t', topic, '-m', payload, '-q', String(qos)],
    ...(retain ? ['-r'] : []),
    ...propertyArgs(properties),
  ];
}

function propertyArgs(properties: CommonProperties): string[] {
  const { contentType, responseTopic, correlationData, messageExpiryInterval } = properties;
  const { userProperties = [] } = properties;
  const given = {
    'content-type': contentType,
    'response-topic': responseTopic,
    'correlation-data': correlationData,
    'message-expiry-interval': messageExpiryInterval,
  };
  return [
    ...Object.entries(given).flatMap(([name, value]) =>
      value === undefined ? [] : ['-D', 'publish', name, String(value)],
    ),
    ...userProperties.flatMap(([name, value]) => ['-D', 'publish', 'user-property', name, value]),
  ];
}

function subscribeArgs(subscription: Subscription): string[] {
  const { filter, qos, clientId, durable, will, subscriptionIdentifier } = subscription;
  return [
    ...['-d', '-F', '%j', '-t', filter, '-q', String(qos), '-i', clientId],
    ...(durable ? ['-c'] : []),
    ...(will
      ? ['--will-topic', will.topic, '--will-payload', will.payload, '--will-qos', String(will.qos)]
      : []),
    ...(subscriptionIdentifier === undefined
      ? []
      : ['-D', 'subscribe', 'subscription-identifier', String(subscriptionIdentifier)]),
  ];
}

/** What `-F %j` prints. */
interface Printed {
  readonly topic: string;
  /** null stands for an empty one. */
  readonly payload: string | null;
  readonly qos: Qos;
  readonly retain: 0 | 1;
  readonly properties?: {
    readonly 'content-type'?: string;
    readonly 'response-topic'?: string;
    readonly 'correlation-data'?: string;
    readonly 'message-expiry-interval'?: number;
    readonly 'subscription-identifier'?: number;
    readonly 'user-properties'?: Readonly<Record<string, string>>;
  };
}

function receivedOf({ topic, payload, qos, retain, properties = {} }: Printed): Received {
  const {
    'content-type': contentType,
    'response-topic': responseTopic,
    'correlation-data': correlationData,
    'message-expiry-interval': messageExpiryInterval,
    'subscription-identifier': identifier,
    'user-properties': userProperties,
  } = properties;
  return {
    ...{ topic, payload: payload ?? '', qos, retain: retain === 1 },
    ...(identifier !== undefined && { subscriptionIdentifiers: [identifier] }),
    properties: {
      ...(contentType !== undefined && { contentType }),
      ...(responseTopic !== undefined && { responseTopic }),
      ...(correlationData !== undefined && { correlationData }),
      ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
      ...(userProperties && { userProperties: Object.entries(userProperties) }),
    },
  };
}
