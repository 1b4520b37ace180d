import { Buffer } from 'node:buffer';
import { PacketType, ReasonCode } from '@sluice/packet';
import { describe, expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import { cheapHash } from './fakes.ts';
import { brokerWith, dataOf, RawClient } from './raw-client.ts';
import { keysOf, ScramClient } from './scram-client.ts';

const method = 'SCRAM-SHA-256';
const users = {
  users: [
    { name: 'anna', password: cheapHash('right'), scram: keysOf('right') },
    { name: 'ben', scram: keysOf('other') },
    { name: 'carl', password: cheapHash('plain') },
  ],
};
const rules = {
  rules: [{ effect: 'allow', action: 'all', topic: 'users/%u' } as const],
};

const aBroker = () => brokerWith(auth({ users, rules }));

const challenge = {
  type: PacketType.auth,
  reasonCode: ReasonCode.continueAuthentication,
  properties: { authenticationMethod: method },
};
const refusal = (reasonCode: ReasonCode) => ({ type: PacketType.connack, reasonCode });
const disconnect = (reasonCode: ReasonCode) => ({ type: PacketType.disconnect, reasonCode });

/** A client that waits for the verdict on its first message, and its side of the exchange. */
async function challenged(user: string, password: string, broker = aBroker()) {
  const raw = new RawClient(await broker);
  const scram = new ScramClient(user, password);
  const answer = await raw.connect(method, scram.first());
  expect(answer).toMatchObject(challenge);
  return { raw, scram, data: dataOf(answer) };
}

async function connected(user: string, password: string) {
  const { raw, scram, data } = await challenged(user, password);
  const connack = await raw.auth(scram.final(data));
  expect(connack).toMatchObject({
    type: PacketType.connack,
    reasonCode: ReasonCode.success,
    properties: { authenticationMethod: method },
  });
  expect(String(dataOf(connack))).toBe(scram.signature);
  return raw;
}

/** Publishes to a topic, which shows who the broker takes the client for. */
async function mayPublish(raw: RawClient, topic: string): Promise<boolean> {
  const puback = await raw.exchange({
    type: PacketType.publish,
    qos: 1,
    retain: false,
    dup: false,
    topic,
    packetId: 1,
    properties: {},
    payload: Buffer.from('x'),
  });
  expect(puback).toMatchObject({ type: PacketType.puback });
  return (puback as { reasonCode: ReasonCode }).reasonCode < 0x80;
}

describe('a login by SCRAM', () => {
  it('proves both sides, and makes the client the user', async () => {
    const raw = await connected('anna', 'right');
    expect(await mayPublish(raw, 'users/anna')).toBe(true);
    expect(await mayPublish(raw, 'users/ben')).toBe(false);
  });

  it.each([
    ['a wrong password', 'anna', 'wrong'],
    ['an unknown user', 'nobody', 'right'],
    ['a user without keys', 'carl', 'plain'],
  ])('with %s is refused at the end', async (_, user, password) => {
    const { raw, scram, data } = await challenged(user, password);
    expect(await raw.auth(scram.final(data))).toMatchObject({
      ...refusal(ReasonCode.notAuthorized),
      properties: { reasonString: 'wrong user name or password' },
    });
    expect(await raw.receive()).toBeUndefined();
  });

  it('with another nonce is refused', async () => {
    const { raw, scram, data } = await challenged('anna', 'right');
    scram.answerNonce = (nonce) => `${nonce.slice(0, -1)}!`;
    expect(await raw.auth(scram.final(data))).toMatchObject(refusal(ReasonCode.notAuthorized));
    expect(await raw.receive()).toBeUndefined();
  });

  it('is refused when it goes on with another method', async () => {
    const { raw, scram, data } = await challenged('anna', 'right');
    expect(await raw.auth(scram.final(data), 'SCRAM-SHA-1')).toMatchObject(
      refusal(ReasonCode.protocolError),
    );
    expect(await raw.receive()).toBeUndefined();
  });

  it('is refused when it begins again in the middle', async () => {
    const { raw, scram } = await challenged('anna', 'right');
    expect(await raw.auth(scram.first())).toMatchObject(refusal(ReasonCode.notAuthorized));
  });

  it('by a method that nobody knows is refused as such', async () => {
    const raw = new RawClient(await aBroker());
    const { header } = new ScramClient('anna', 'right');
    expect(await raw.connect('SCRAM-SHA-1', Buffer.from(header))).toMatchObject(
      refusal(ReasonCode.badAuthenticationMethod),
    );
  });

  it('is not known where there are no users', async () => {
    const raw = new RawClient(await brokerWith(auth({ rules: { rules: [] } })));
    expect(await raw.connect(method, new ScramClient('anna', 'right').first())).toMatchObject(
      refusal(ReasonCode.badAuthenticationMethod),
    );
  });

  it('takes the session of a login by password, which is the same user’s', async () => {
    const broker = aBroker();
    const first = new RawClient(await broker);
    const packet = {
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientId: 'client-1',
      userName: 'anna',
      password: Buffer.from('right'),
      properties: {},
    } as const;
    expect(await first.exchange(packet)).toMatchObject({ reasonCode: ReasonCode.success });

    const other = await challenged('ben', 'other', broker);
    expect(await other.raw.auth(other.scram.final(other.data))).toMatchObject(
      refusal(ReasonCode.notAuthorized),
    );
    const same = await challenged('anna', 'right', broker);
    expect(await same.raw.auth(same.scram.final(same.data))).toMatchObject({
      reasonCode: ReasonCode.success,
    });
    expect(await first.receive()).toMatchObject(disconnect(ReasonCode.sessionTakenOver));
  });
});

describe('a client that authenticates again', () => {
  async function again(raw: RawClient, user: string, password: string) {
    const scram = new ScramClient(user, password);
    const answer = await raw.auth(scram.first(), method, ReasonCode.reauthenticate);
    expect(answer).toMatchObject(challenge);
    return { scram, answer: await raw.auth(scram.final(dataOf(answer))) };
  }

  it('goes on as the same user, as often as it likes', async () => {
    const raw = await connected('anna', 'right');
    for (const _ of ['once', 'twice']) {
      const { scram, answer } = await again(raw, 'anna', 'right');
      expect(answer).toMatchObject({
        type: PacketType.auth,
        reasonCode: ReasonCode.success,
        properties: { authenticationMethod: method },
      });
      expect(String(dataOf(answer))).toBe(scram.signature);
      expect(await mayPublish(raw, 'users/anna')).toBe(true);
    }
  });

  it.each([
    ['a wrong password', 'anna', 'wrong'],
    ['another user, whose password is right', 'ben', 'other'],
  ])('is disconnected for %s', async (_, user, password) => {
    const raw = await connected('anna', 'right');
    const { answer } = await again(raw, user, password);
    expect(answer).toMatchObject(disconnect(ReasonCode.notAuthorized));
    expect(await raw.receive()).toBeUndefined();
  });

  it('goes on as it was while the exchange is under way', async () => {
    const raw = await connected('anna', 'right');
    const scram = new ScramClient('anna', 'right');
    const answer = await raw.auth(scram.first(), method, ReasonCode.reauthenticate);
    expect(await mayPublish(raw, 'users/anna')).toBe(true);
    expect(await raw.auth(scram.final(dataOf(answer)))).toMatchObject({
      type: PacketType.auth,
      reasonCode: ReasonCode.success,
    });
  });
});
