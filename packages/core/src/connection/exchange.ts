import { PacketType, protocolError, ReasonCode } from '@sluice/packet';
import type { Client, ExchangeGrant } from '@sluice/plugin';
import { andThen } from '../base/and-then.ts';
import { LimitExceeded } from '../base/limit-exceeded.ts';
import type { PendingExchange } from './client-terms.ts';
import type { Connection } from './connection.ts';
import { Refusal } from './refusal.ts';

/** An enhanced authentication under way (section 4.12): in CONNECT, or again on an open connection. */
export class Exchange implements PendingExchange {
  readonly #connection: Connection;
  readonly #clientId: string;
  readonly #method: string;
  /** Who authenticates again; undefined in CONNECT. */
  readonly #client: Client | undefined;
  readonly #done: (grant: ExchangeGrant) => void | Promise<void>;
  #steps = 0;

  constructor(
    connection: Connection,
    clientId: string,
    method: string,
    client: Client | undefined,
    done: (grant: ExchangeGrant) => void | Promise<void>,
  ) {
    this.#connection = connection;
    this.#clientId = clientId;
    this.#method = method;
    this.#client = client;
    this.#done = done;
  }

  get isFirst(): boolean {
    return this.#client === undefined;
  }

  /** Takes the client's next data. The connection forgets the exchange when it is over. */
  step(method: string | undefined, data: Uint8Array | undefined): void | Promise<void> {
    if (method !== this.#method) throw protocolError('another authentication method'); // [MQTT-4.12.0-5]
    const { maxAuthPackets } = this.#connection.limits;
    // The first step of the first exchange came in CONNECT.
    if (this.#steps++ >= maxAuthPackets + (this.isFirst ? 1 : 0)) {
      const many = `more than ${maxAuthPackets} AUTH packets in one authentication`;
      throw new LimitExceeded('maxAuthPackets', ReasonCode.quotaExceeded, many);
    }
    const ask = this.#connection.hooks.exchange;
    if (ask === undefined) {
      throw new Refusal(
        ReasonCode.badAuthenticationMethod,
        'the authentication method is not supported',
      );
    }
    const event = {
      connection: this.#connection.info,
      clientId: this.#clientId,
      method,
      data,
      client: this.#client,
    };
    return andThen(ask(event), (answer) => {
      if (this.#connection.closed) return;
      if ('proceed' in answer) {
        this.#send(ReasonCode.continueAuthentication, answer.data); // [MQTT-4.12.0-2]
        return;
      }
      if (!answer.allowed) throw Refusal.of(answer);
      this.#connection.exchange = undefined;
      const grant = answer.grant ?? {};
      if (this.#client !== undefined) {
        if (grant.identity !== undefined && grant.identity !== this.#client.identity) {
          throw new Refusal(ReasonCode.notAuthorized, 'the session belongs to somebody else');
        }
        this.#send(ReasonCode.success, grant.data);
      }
      return this.#done(grant);
    });
  }

  #send(reasonCode: ReasonCode, authenticationData: Uint8Array | undefined): void {
    this.#connection.answers.sendPacket({
      type: PacketType.auth,
      reasonCode,
      properties: {
        authenticationMethod: this.#method,
        ...(authenticationData !== undefined && { authenticationData }),
      },
    });
  }
}
