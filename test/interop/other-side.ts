import { connectAsync, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { Inbox } from '../support/inbox.ts';
import { host } from '../support/server-process.ts';

/** A message as the other side saw it. */
export interface Seen {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly properties: {
    readonly contentType?: string;
    readonly responseTopic?: string;
    readonly correlationData?: string;
    readonly messageExpiryInterval?: number;
    readonly userProperties?: Readonly<Record<string, string | string[]>>;
  };
}

/** The one whom the client under test talks to: MQTT.js, 5.0, over TCP. */
export class OtherSide {
  readonly messages: Inbox<Seen> = new Inbox();
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (topic, payload, { qos, retain, properties = {} }) => {
      const { contentType, responseTopic, correlationData, messageExpiryInterval } = properties;
      const { userProperties } = properties;
      this.messages.push({
        ...{ topic, payload: payload.toString(), qos, retain },
        properties: {
          ...(contentType !== undefined && { contentType }),
          ...(responseTopic !== undefined && { responseTopic }),
          ...(correlationData && { correlationData: correlationData.toString() }),
          ...(messageExpiryInterval !== undefined && { messageExpiryInterval }),
          ...(userProperties && { userProperties: { ...userProperties } }),
        },
      });
    });
  }

  static async connect(port: number): Promise<OtherSide> {
    const options = { protocolVersion: 5, reconnectPeriod: 0 } as const;
    return new OtherSide(await connectAsync(`mqtt://${host}:${port}`, options));
  }

  async subscribe(filter: string): Promise<void> {
    await this.#client.subscribeAsync(filter, { qos: 2 });
  }

  /** Settles when the broker has acknowledged the message. */
  async publish(topic: string, payload: string, options: IClientPublishOptions): Promise<void> {
    await this.#client.publishAsync(topic, payload, options);
  }

  async leave(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
