import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { Inbox } from '../support/inbox.ts';
import { connecting } from '../support/mqtt-js-kind.ts';

/** MQTT.js, connected to an example, with what came for it. */
export interface Guest {
  readonly client: MqttClient;
  readonly inbox: Inbox<IPublishPacket>;
  /** The next message as `topic payload`. */
  next(): Promise<string>;
}

/** Connects over TCP, or to a URL; rejects when it is refused. */
export function join(where: number | string, options: IClientOptions = {}): Promise<Guest> {
  const url = typeof where === 'number' ? `mqtt://127.0.0.1:${where}` : where;
  return greeted(mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0, ...options }));
}

/** A client that is about to be connected, once it is. */
export async function greeted(dialling: MqttClient): Promise<Guest> {
  const inbox = new Inbox<IPublishPacket>();
  const { client, connected } = connecting(dialling);
  client.on('message', (_topic, _payload, packet) => inbox.push(packet));
  try {
    await connected;
  } catch (error) {
    client.end(true);
    throw error;
  }
  return {
    client,
    inbox,
    async next() {
      const { topic, payload } = await inbox.next();
      return `${topic} ${payload}`;
    },
  };
}

/** Ends a client as a power failure would: its will is due. */
export async function cutOff({ client }: Guest): Promise<void> {
  client.stream.destroy();
  await client.endAsync(true);
}
