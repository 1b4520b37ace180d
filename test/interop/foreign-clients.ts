import { type Build, builds, pinned } from './builds.ts';

/** A foreign client: a library or a program, with ours that drives it. */
export interface ForeignClient {
  readonly name: string;
  readonly language: string;
  /** What the table says of it, besides its name. */
  readonly release: () => string;
  readonly build: Build;
  readonly versions: readonly (4 | 5)[];
  /** What it answers in 5.0 when a publish is refused at QoS 1 and 2, if that is not 0x87. */
  readonly refusedPublish?: readonly [atQos1: string, atQos2: string];
}

export const foreignClients: readonly ForeignClient[] = [
  {
    name: 'MQTT.js',
    language: 'JavaScript',
    release: () => pinned('../../node_modules/mqtt/package.json', /"version": "([^"]+)"/),
    build: builds.node('mqtt-js.ts'),
    versions: [4, 5],
  },
  {
    name: 'paho-mqtt',
    language: 'Python',
    release: () => pinned('clients/python/requirements.txt', /paho-mqtt==(\S+)/),
    build: builds.python('paho_client.py'),
    versions: [4, 5],
    // It sends PUBREL even after a PUBREC that refuses, and hands over the answer to that.
    refusedPublish: [`refused code=${0x87}`, `refused code=${0x92}`],
  },
  {
    name: 'aiomqtt',
    language: 'Python',
    release: () => pinned('clients/python/requirements.txt', /aiomqtt==(\S+)/),
    build: builds.python('aiomqtt_client.py'),
    versions: [4, 5],
    // It does not hand over what an acknowledgement says.
    refusedPublish: ['ok', 'ok'],
  },
  {
    name: 'paho.mqtt.golang',
    language: 'Go',
    release: () => pinned('clients/go/go.mod', /paho\.mqtt\.golang v(\S+)/),
    build: builds.go,
    versions: [4],
  },
  {
    name: 'paho.golang',
    language: 'Go',
    release: () => pinned('clients/go/go.mod', /paho\.golang v(\S+)/),
    build: builds.go,
    versions: [5],
  },
  {
    name: 'rumqttc',
    language: 'Rust',
    release: () => pinned('clients/rust/Cargo.toml', /rumqttc = \{ version = "=([^"]+)"/),
    build: builds.rust,
    versions: [4, 5],
  },
  {
    name: 'HiveMQ',
    language: 'Java',
    release: () =>
      pinned('clients/java/pom.xml', /hivemq-mqtt-client<\/artifactId>\s*<version>([^<]+)/),
    build: builds.java,
    versions: [4, 5],
  },
  {
    name: 'mosquitto',
    language: 'C',
    release: builds.mosquittoRelease,
    build: builds.mosquitto,
    versions: [4, 5],
  },
];
