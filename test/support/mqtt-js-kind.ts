import { readFileSync } from 'node:fs';
import type { ProtocolVersion } from '@sluice/packet';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import type {
  ClientKind,
  CommonProperties,
  Login,
  Outgoing,
  Received,
  Subscriber,
  Subscription,
} from './client-kind.ts';
import { Inbox } from './inbox.ts';
import { authorityFile, host, type ServerProcess, type Transport } from './server-process.ts';

const schemes = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' } as const;
const ca = readFileSync(authorityFile);

/** MQTT.js. */
export function mqttJs(transport: Transport, version: ProtocolVersion): ClientKind {
  const dial = (server: ServerProcess, options: IClientOptions): Connecting =>
    connecting(
      mqtt.connect(`${schemes[transport]}://${host}:${server.port(transport)}`, {
        ca,
        wsOptions: { ca },
        ...versionOptions(version),
        ...options,
      }),
    );
  return {
    library: 'MQTT.js',
    transport,
    version,
    needs: [],
    tellsRefusedPublish: version === 5,
    endsWithWill: false,
    async publish(server, messages, login) {
      const { client, connected } = dial(server, { clean: true, ...loginOptions(login) });
      try {
        await connected;
        for (const message of messages) await publishOne(client, message);
      } finally {
        await client.endAsync();
      }
    },
    async subscribe(server, subscription) {
      const { client, connected } = dial(server, connectOptions(subscription, version));
      return await subscribed(client, connected, subscription, version);
    },
  };
}

/** What makes MQTT.js speak a version. */
export function versionOptions(version: ProtocolVersion): IClientOptions {
  const protocolId = version === 3 ? 'MQIsdp' : 'MQTT';
  return { protocolVersion: version, protocolId, reconnectPeriod: 0 };
}

export interface Connecting {
  readonly client: MqttClient;
  readonly connected: Promise<void>;
}

/** `mqtt.connectAsync`, for those who must listen before anything arrives. */
export function connecting(client: MqttClient): Connecting {
  const connected = new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed before CONNACK')));
  });
  client.on('error', () => {});
  return { client, connected };
}

/** Subscribes a client that is about to be connected. */
export async function subscribed(
  client: MqttClient,
  connected: Promise<void>,
  { filter, qos, subscriptionIdentifier }: Subscription,
  version: ProtocolVersion,
): Promise<Subscriber> {
  const inbox = new Inbox<Received>();
  client.on('message', (_topic, _payload, packet) => inbox.push(receivedOf(packet, version)));
  client.once('close', () => inbox.fail(new Error('the connection is closed')));
  try {
    await connected;
    const properties = subscriptionIdentifier === undefined ? {} : { subscriptionIdentifier };
    await client.subscribeAsync(filter, { qos, ...(version === 5 && { properties }) });
  } catch (error) {
    client.end(true);
    throw error;
  }
  return {
    next: () => inbox.next(),
    take: (count) => inbox.take(count),
    end: () => client.endAsync(),
    kill: async () => {
      client.stream.destroy();
      await client.endAsync(true);
    },
  };
}

async function publishOne(client: MqttClient, message: Outgoing): Promise<void> {
  const { topic, payload, qos, retain = false, properties } = message;
  await client.publishAsync(topic, payload, {
    qos,
    retain,
    ...(properties && { properties: toMqttJs(properties) }),
  });
}

function connectOptions(subscription: Subscription, version: ProtocolVersion): IClientOptions {
  const { clientId, durable = false, will, login } = subscription;
  return {
    clientId,
    clean: !durable,
    ...(durable && version === 5 && { properties: { sessionExpiryInterval: 3_600 } }),
    ...(will && { will: { ...will, payload: Buffer.from(will.payload), retain: !!will.retain } }),
    ...loginOptions(login),
  } as IClientOptions;
}

function loginOptions(login: Login | undefined): IClientOptions {
  return login ? { username: login.userName, password: login.password } : {};
}

function toMqttJs({ userProperties, correlationData, ...others }: CommonProperties): object {
  return {
    ...others,
    ...(userProperties && { userProperties: Object.fromEntries(userProperties) }),
    ...(correlationData && { correlationData: Buffer.from(correlationData) }),
  };
}

function receivedOf(packet: IPublishPacket, version: ProtocolVersion): Received {
  const { topic, payload, qos, retain, properties = {} } = packet;
  const message = { topic, payload: payload.toString(), qos, retain };
  if (version !== 5) return message;
  const { subscriptionIdentifier, userProperties, correlationData, ...others } = properties;
  const { topicAlias: _, payloadFormatIndicator: __, ...common } = others;
  return {
    ...message,
    ...(subscriptionIdentifier !== undefined && {
      subscriptionIdentifiers: [subscriptionIdentifier].flat(),
    }),
    properties: {
      ...common,
      ...(userProperties && {
        userProperties: Object.entries(userProperties) as [string, string][],
      }),
      ...(correlationData && { correlationData: correlationData.toString() }),
    },
  };
}
