import {
  noProperties,
  ProtocolError,
  type PublishProperties,
  ReasonCode,
  type TopicName,
} from '@sluice/packet';
import { LimitExceeded } from '../base/limit-exceeded.ts';

/** Topic aliases of the client's PUBLISH packets (section 3.3.2.3.4); they live as long as the connection. */
export class IncomingAliases {
  /** Highest alias that the client was told of. */
  maximum: number;
  /** The last properties with an alias, and the same without it. */
  #properties: PublishProperties = noProperties;
  #forwarded: PublishProperties = noProperties;
  #names: (TopicName | undefined)[] | undefined;

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /** The topic name that a PUBLISH with an alias means. */
  resolve(alias: number, name: TopicName): TopicName {
    if (alias === 0 || alias > this.maximum) {
      throw new LimitExceeded(
        'topicAliasMaximum',
        ReasonCode.topicAliasInvalid,
        `topic alias ${alias} was not announced`,
      ); // [MQTT-3.3.2-8]
    }
    this.#names ??= [];
    if (name.topic !== '') {
      this.#names[alias] = name;
      return name;
    }
    const known = this.#names[alias];
    if (known === undefined) {
      throw new ProtocolError(ReasonCode.protocolError, `topic alias ${alias} stands for nothing`);
    }
    return known;
  }

  /** What others get of the properties of a PUBLISH: its alias is between the client and the broker. */
  withoutAlias(properties: PublishProperties): PublishProperties {
    if (properties === this.#properties) return this.#forwarded;
    const { topicAlias: _, ...forwarded } = properties;
    this.#properties = properties;
    this.#forwarded = Object.keys(forwarded).length === 0 ? noProperties : forwarded;
    return this.#forwarded;
  }
}
