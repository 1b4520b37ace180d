// What must not compile. `tsc --build test` fails where one of these compiles after all.
import { allow, deny, drop, OverflowAction, type Plugin } from '../src/index.ts';

// @ts-expect-error: no name, so that no error could say which plug-in it was.
export const nameless: Plugin = { setup() {} };

// @ts-expect-error: no setup.
export const empty: Plugin = { name: 'empty' };

export const wrong: Plugin = {
  name: 'wrong',
  setup({ hook, provide, broker, reportError }) {
    // @ts-expect-error: an unknown hook.
    hook('onPublish', () => {});
    // @ts-expect-error: not a function.
    hook('connected', true);

    // @ts-expect-error: true is no verdict.
    hook('authenticate', () => true);
    // @ts-expect-error: nor later.
    hook('authenticate', async () => true);
    // @ts-expect-error: a grant is given with allow().
    hook('authenticate', () => ({ identity: 'me' }));
    // @ts-expect-error: allow is a function.
    hook('authenticate', () => allow);
    // @ts-expect-error: a drop is no verdict.
    hook('authorizePublish', () => drop());
    // @ts-expect-error: no reason code.
    deny('banned');
    // @ts-expect-error: a code that MQTT does not know.
    deny(0x55);

    // @ts-expect-error: a misspelt grant.
    hook('authorizeSubscribe', () => allow({ maximumQoS: 1 }));
    // @ts-expect-error: no QoS.
    hook('authorizeSubscribe', () => allow({ maximumQos: 3 }));
    // @ts-expect-error: a grant of another hook.
    hook('retain', () => allow({ maximumQos: 1 }));
    // @ts-expect-error: there is nothing to grant.
    hook('authorizePublish', () => allow({ maximumQos: 1 }));
    // @ts-expect-error: a limit that is no number.
    hook('connection', () => allow({ limits: { maxPacketBytes: '1 MB' } }));
    // @ts-expect-error: a time is milliseconds.
    hook('authenticate', () => allow({ expiresAt: new Date(0) }));

    // @ts-expect-error: it has to answer at once.
    hook('deliver', async () => ({ topic: 'x' }));
    // @ts-expect-error: also when it says nothing.
    hook('deliver', async () => {});
    // @ts-expect-error: it has to answer at once.
    hook('authorizeDeliver', async () => allow());
    // @ts-expect-error: it has to answer at once.
    hook('enqueue', async () => deny());
    // @ts-expect-error: it has to answer at once.
    hook('route', async () => ({ remove: [] }));
    // @ts-expect-error: it has to answer at once.
    hook('overflow', async () => OverflowAction.dropOldest);
    // @ts-expect-error: it has to answer at once.
    hook('selectShared', async ({ members }) => members[0]?.clientId);

    // @ts-expect-error: the QoS of a delivery is not to be changed.
    hook('deliver', ({ message }) => ({ topic: message.topic, qos: 0 as const }));
    // @ts-expect-error: a delivery has no durability.
    hook('deliver', () => ({ payload: 'x', durability: 'none' as const }));
    // @ts-expect-error: a CONNACK cannot be dropped.
    hook('connack', () => drop());
    // @ts-expect-error: a DISCONNECT cannot be dropped.
    hook('disconnect', () => drop());
    // @ts-expect-error: a session can be ended, not resumed by force.
    hook('session', () => ({ resume: true }));
    // @ts-expect-error: topics are strings.
    hook('publish', () => ({ topic: 5 }));
    // @ts-expect-error: a misspelt field.
    hook('publish', () => ({ topik: 'x' }));
    // @ts-expect-error: what is changed is answered, not the message itself without its topic.
    hook('publish', ({ message }) => message.topic);
    // @ts-expect-error: as many subscriptions as came, not one.
    hook('subscribe', ({ subscriptions }) => subscriptions[0]);
    // @ts-expect-error: not an action.
    hook('overflow', () => 'drop-all');

    // @ts-expect-error: the event has no packet.
    hook('publish', ({ packet }) => void packet);
    // @ts-expect-error: the application has no client.
    hook('publish', ({ client }) => void client.clientId);
    hook('publish', ({ message }) => {
      // @ts-expect-error: a message is never changed.
      message.topic = 'x';
    });

    // @ts-expect-error: no such option.
    hook('publish', () => {}, { prio: 5 });
    // @ts-expect-error: milliseconds, not a text.
    hook('publish', () => {}, { deadlineMs: '5s' });
    // @ts-expect-error: a filter is an object.
    hook('publish', () => {}, { filter: 'a/#' });
    // @ts-expect-error: a filter has one topic filter.
    hook('publish', () => {}, { filter: { topics: ['a/#'] } });

    // @ts-expect-error: no such service.
    provide('cache', new Map());
    // @ts-expect-error: not a persistence.
    provide('persistence', { open() {} });
    // @ts-expect-error: a message has a payload.
    void broker.publish({ topic: 'a' });
    // @ts-expect-error: an error, so that there is a stack.
    reportError('oops');
  },
};
