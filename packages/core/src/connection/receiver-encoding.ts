import { noProperties, type ProtocolVersion, type Qos } from '@sluice/packet';
import type { Environment } from '../base/environment.ts';
import type { Encoded } from '../messages/encoded.ts';
import type { RoutedMessage } from '../messages/routed-message.ts';
import { type OutgoingAlias, OutgoingAliases } from './outgoing-aliases.ts';

/** How messages are encoded for one client. Most get the bytes that all others get, too. */
export class ReceiverEncoding {
  readonly #version: ProtocolVersion;
  readonly #environment: Environment;
  readonly #aliases: OutgoingAliases | undefined;

  constructor(version: ProtocolVersion, topicAliasMaximum: number, environment: Environment) {
    this.#version = version;
    this.#environment = environment;
    this.#aliases = topicAliasMaximum > 0 ? new OutgoingAliases(topicAliasMaximum) : undefined;
  }

  /** The packet, but for its packet id. */
  encode(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): Encoded {
    const version = this.#version;
    const isOwn =
      version === 5 &&
      (subscriptionIdentifiers !== undefined ||
        message.expiresAt !== Infinity ||
        this.#aliases !== undefined);
    if (isOwn) {
      const alias = this.#aliases?.use(message.topic);
      return this.#own(message, qos, retain, dup, subscriptionIdentifiers, alias);
    }
    if (!dup) return message.encoded(version, qos, retain);
    const properties = version === 5 ? message.properties : noProperties;
    return message.encodedFor(version, message.topic, qos, retain, dup, properties);
  }

  /** Without an alias, since one that is new makes a packet longer; undefined where there is none to leave out. */
  encodeByName(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
  ): Encoded | undefined {
    if (this.#aliases === undefined) return undefined;
    return this.#own(message, qos, retain, dup, subscriptionIdentifiers, undefined);
  }

  /** The packet was written: only now the client knows the alias that came with it. */
  sent(message: RoutedMessage): void {
    this.#aliases?.sent(message.topic);
  }

  /** With what not all clients get: alias, identifiers, and the time the message has left. */
  #own(
    message: RoutedMessage,
    qos: Qos,
    retain: boolean,
    dup: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    alias: OutgoingAlias | undefined,
  ): Encoded {
    const { topic } = message;
    const given = message.properties.messageExpiryInterval;
    const left = given === undefined ? undefined : this.#remaining(message, given);
    if (alias === undefined && subscriptionIdentifiers === undefined && left === given && !dup) {
      return message.encoded(5, qos, retain);
    }
    return message.encodedAs({
      topic: alias === undefined || alias.isNew ? topic : '',
      qos,
      retain,
      dup,
      subscriptionIdentifiers,
      messageExpiryInterval: left,
      topicAlias: alias?.alias,
    });
  }

  /** Seconds that a message has left [MQTT-3.3.2-6]. */
  #remaining(message: RoutedMessage, expiryInterval: number): number {
    // The clock on the wall may have been set back: nobody is told of more time than the publisher gave.
    const waitedMs = Math.max(0, this.#environment.now() - message.receivedAt);
    return Math.max(0, expiryInterval - Math.floor(waitedMs / 1_000));
  }
}
