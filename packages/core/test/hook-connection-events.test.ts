import type {
  ConnackChanges,
  ConnackEvent,
  ConnectChanges,
  DisconnectChanges,
  SessionChanges,
} from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import {
  applyConnack,
  applyConnect,
  applyDisconnect,
  applySession,
} from '../src/hooks/hook-connection-events.ts';
import { client, connectEvent, disconnectEvent, sessionEvent } from './support/hooks.ts';

const refusal = expect.objectContaining({ code: 'SLUICE_HOOK_ANSWER' });

const will = {
  topic: 'w',
  payload: Uint8Array.of(1),
  qos: 2,
  retain: true,
  properties: { willDelayInterval: 5, contentType: 'x' },
} as const;

describe('applyConnect', () => {
  it('changes fields of CONNECT', () => {
    const changes = {
      clientId: 'tenant-c',
      userName: 'u',
      password: Uint8Array.of(1),
      keepAlive: 0,
      cleanStart: false,
      will,
    };
    const changed = applyConnect(connectEvent, changes);
    expect(changed).toEqual({ ...connectEvent, packet: { ...connectEvent.packet, ...changes } });
    expect(connectEvent.packet.clientId).toBe('c');
  });

  it('leaves alone what is undefined', () => {
    const changes = { clientId: undefined, will: undefined } as unknown as ConnectChanges;
    expect(applyConnect(connectEvent, changes)).toStrictEqual(connectEvent);
  });

  it.each([
    { clientID: 'x' },
    { properties: {} },
    { protocolVersion: 4 },
    { clientId: 7 },
    { clientId: 'a\0' },
    { userName: null },
    { password: 'secret' },
    { keepAlive: 65_536 },
    { keepAlive: -1 },
    { cleanStart: 0 },
    { will: null },
    { will: { ...will, topic: '+' } },
    { will: { ...will, payload: 'x' } },
    { will: { ...will, payload: new Uint8Array(65_536) } },
    { will: { ...will, qos: 3 } },
    { will: { ...will, retain: undefined } },
    { will: { ...will, properties: undefined } },
    { will: { ...will, properties: { willDelayInterval: 2 ** 32 } } },
    { will: { ...will, properties: { topicAlias: 1 } } },
  ])('refuses %j', (changes) => {
    expect(() => applyConnect(connectEvent, changes as ConnectChanges)).toThrow(refusal);
  });
});

describe('applySession', () => {
  it('ends the session, or lets it live for a shorter time', () => {
    expect(applySession(sessionEvent, { resume: false })).toEqual({
      ...sessionEvent,
      resume: false,
    });
    expect(applySession(sessionEvent, { expiryInterval: 59 }).expiryInterval).toBe(59);
    expect(applySession(sessionEvent, { expiryInterval: 60 }).expiryInterval).toBe(60);
    expect(applySession(sessionEvent, {})).toStrictEqual(sessionEvent);
  });

  it.each([
    { resume: true },
    { resume: 0 },
    { expiryInterval: 61 },
    { expiryInterval: -1 },
    { expiryInterval: 1.5 },
    { expiryInterval: '5' },
    { client },
    [],
  ])('refuses %j', (changes) => {
    expect(() => applySession(sessionEvent, changes as SessionChanges)).toThrow(refusal);
  });
});

describe('applyConnack', () => {
  const event: ConnackEvent = {
    client,
    sessionPresent: false,
    properties: { receiveMaximum: 10, reasonString: 'welcome' },
  };

  it('changes properties', () => {
    const changes: ConnackChanges = {
      userProperties: [['a', 'b']],
      responseInformation: 'r/',
      serverReference: 'other',
    };
    expect(applyConnack(event, changes)).toEqual({
      ...event,
      properties: { ...event.properties, ...changes },
    });
    expect(applyConnack(event, { reasonString: 'hello' }).properties.reasonString).toBe('hello');
  });

  it.each([
    { receiveMaximum: 5 },
    { assignedClientIdentifier: 'x' },
    { reasonString: 7 },
    { userProperties: { a: 'b' } },
    { userProperties: [['a', 1]] },
    { responseInformation: 'a\0' },
    { serverReference: null },
  ])('refuses %j', (changes) => {
    expect(() => applyConnack(event, changes as ConnackChanges)).toThrow(refusal);
  });
});

describe('applyDisconnect', () => {
  it('changes properties', () => {
    const changes: DisconnectChanges = {
      reasonString: 'later',
      serverReference: 'other',
      userProperties: [['a', 'b']],
    };
    expect(applyDisconnect(disconnectEvent, changes)).toEqual({ ...disconnectEvent, ...changes });
    expect(applyDisconnect(disconnectEvent, {})).toStrictEqual(disconnectEvent);
  });

  it.each([{ reasonCode: 0x8e }, { reasonString: [] }, { userProperties: [['a']] }])(
    'refuses %j',
    (changes) => {
      expect(() => applyDisconnect(disconnectEvent, changes as DisconnectChanges)).toThrow(refusal);
    },
  );
});
