/** MQTT.js, told what to do line by line: see script.md. */
import { readFileSync } from 'node:fs';
import {
  connect,
  ErrorWithReasonCode,
  type IClientOptions,
  type IClientPublishOptions,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import type { Word, Words } from '../../words.ts';
import { authority, follow, host, port, Refused, say, version } from './program.ts';

const is5 = version === '5';
let client: MqttClient;

function connectOptions(words: Words): IClientOptions {
  const willTopic = words.get('will-topic');
  return {
    clientId: words.need('id'),
    protocolVersion: is5 ? 5 : 4,
    clean: !words.is('durable'),
    keepalive: 30,
    reconnectPeriod: 0,
    ...(is5 && { properties: { sessionExpiryInterval: words.is('durable') ? 3600 : 0 } }),
    ...(words.get('user') && { username: words.need('user'), password: words.need('password') }),
    ...(willTopic && {
      will: { topic: willTopic, payload: Buffer.from(words.need('will-payload')), qos: 1 },
    }),
    ...(authority && { ca: readFileSync(authority) }),
  };
}

function publishOptions(words: Words): IClientPublishOptions {
  const pairs = words.all('user-property').map((pair) => pair.split(':') as [string, string]);
  const correlationData = words.get('correlation-data');
  const expiry = words.get('expiry');
  const properties = {
    ...(words.get('content-type') && { contentType: words.need('content-type') }),
    ...(words.get('response-topic') && { responseTopic: words.need('response-topic') }),
    ...(correlationData && { correlationData: Buffer.from(correlationData) }),
    ...(expiry && { messageExpiryInterval: Number(expiry) }),
    ...(pairs.length > 0 && { userProperties: Object.fromEntries(pairs) }),
  };
  return {
    qos: Number(words.need('qos')) as 0 | 1 | 2,
    retain: words.is('retain'),
    ...(is5 && { properties }),
  };
}

function sayMessage(topic: string, payload: Buffer, packet: IPublishPacket): void {
  const { qos, retain, properties = {} } = packet;
  say('message', [
    ['topic', topic],
    ['qos', qos],
    ['retain', Number(retain)],
    ['payload', payload.toString()],
    ['content-type', properties.contentType],
    ['response-topic', properties.responseTopic],
    ['correlation-data', properties.correlationData?.toString()],
    ['expiry', properties.messageExpiryInterval],
    ...Object.entries(properties.userProperties ?? {}).map(
      ([name, value]): Word => ['user-property', `${name}:${value}`],
    ),
  ]);
}

/** Turns the library's errors with a reason code into ours. */
async function heard<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ErrorWithReasonCode) throw new Refused(error.code);
    throw error;
  }
}

await follow({
  async connect(words) {
    let session: number | undefined;
    const scheme = authority ? 'mqtts' : 'mqtt';
    // What the session holds comes right behind CONNACK: listeners must be there before.
    client = connect(`${scheme}://${host}:${port}`, connectOptions(words));
    client.on('message', sayMessage);
    await heard(
      new Promise((resolve, reject) => {
        client.once('connect', (packet) => {
          session = Number(packet.sessionPresent);
          resolve(undefined);
        });
        client.once('error', reject);
      }),
    );
    return [['session', session]];
  },
  async subscribe(words) {
    const qos = Number(words.need('qos')) as 0 | 1 | 2;
    await heard(client.subscribeAsync(words.need('filter'), { qos }));
  },
  async publish(words) {
    await heard(
      client.publishAsync(words.need('topic'), words.need('payload'), publishOptions(words)),
    );
  },
  async disconnect() {
    await client.endAsync();
  },
});
