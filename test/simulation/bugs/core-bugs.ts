import { type AcknowledgementPacket, PacketType } from '@sluice/packet';
import { allow, DropReason } from '@sluice/plugin';
import { Deadlines } from '../../../packages/core/src/base/deadlines.ts';
import { Commits } from '../../../packages/core/src/commits/commits.ts';
import { Answers } from '../../../packages/core/src/connection/answers.ts';
import { ClientSink } from '../../../packages/core/src/connection/client-sink.ts';
import { Connection } from '../../../packages/core/src/connection/connection.ts';
import { IncomingAliases } from '../../../packages/core/src/connection/incoming-aliases.ts';
import { Reading, ReadingStop } from '../../../packages/core/src/connection/reading.ts';
import { HookCall } from '../../../packages/core/src/hooks/hook-call.ts';
import { RegisteredHook } from '../../../packages/core/src/hooks/registered-hook.ts';
import { OutboxEntry } from '../../../packages/core/src/outbox/outbox-entry.ts';
import { OutboxQueue } from '../../../packages/core/src/outbox/outbox-queue.ts';
import { Registry } from '../../../packages/core/src/registry/registry.ts';
import { SessionExpiry } from '../../../packages/core/src/registry/session-expiry.ts';
import { Wills } from '../../../packages/core/src/registry/wills.ts';
import { Publishing } from '../../../packages/core/src/routing/publishing.ts';
import { Router } from '../../../packages/core/src/routing/router.ts';
import { SharedGroup } from '../../../packages/core/src/routing/shared-group.ts';
import { Inbox } from '../../../packages/core/src/session/inbox.ts';
import { Session } from '../../../packages/core/src/session/session.ts';
import { type Bug, replace, replaceGetter, type Undo } from './patch.ts';

/** Acknowledgements of some kinds leave before their commit. */
function acknowledgingEarly(...types: readonly AcknowledgementPacket['type'][]): Undo {
  return replace(
    Answers.prototype,
    'acknowledge',
    (acknowledge) =>
      function (this: Answers, type, packetId, reasonCode, durable) {
        acknowledge.call(this, type, packetId, reasonCode, durable && !types.includes(type));
      },
  );
}

/** Faults in the core itself. */
export const coreBugs: readonly Bug[] = [
  {
    name: 'ack-early',
    says: 'PUBACK and PUBREC leave before the message is durable',
    plant: () => acknowledgingEarly(PacketType.puback, PacketType.pubrec),
  },
  {
    name: 'pubcomp-early',
    says: 'PUBCOMP leaves before the identifier is free on disk',
    plant: () => acknowledgingEarly(PacketType.pubcomp),
  },
  {
    name: 'suback-early',
    says: 'CONNACK, SUBACK and UNSUBACK leave before what they say is durable',
    plant: () =>
      replace(
        Answers.prototype,
        'act',
        (act) =>
          function (this: Answers, action) {
            act.call(this, action, false);
          },
      ),
  },
  {
    name: 'clear-early',
    says: 'a PUBLISH that clears what another one is clearing is acknowledged before that is durable',
    plant: () => {
      let isDeciding = false;
      const undoAccept = replace(
        Publishing.prototype,
        'accept',
        (accept) =>
          function (this: Publishing, ...parameters) {
            isDeciding = true;
            queueMicrotask(() => {
              isDeciding = false;
            });
            return accept.call(this, ...parameters);
          },
      );
      const undoSettled = replaceGetter(
        Commits.prototype,
        'settled',
        (commits, settled) => isDeciding || settled(commits),
      );
      return () => {
        undoAccept();
        undoSettled();
      };
    },
  },
  {
    name: 'connack-before-end',
    says: 'CONNACK does not wait for the end of the session that was there before',
    plant: () =>
      replace(
        Registry.prototype,
        'makeWay',
        (makeWay) =>
          function (this: Registry, ...parameters) {
            void makeWay.call(this, ...parameters);
            return undefined;
          },
      ),
  },
  {
    name: 'connack-early',
    says: 'CONNACK does not wait for the end of a session that another CONNECT has ended',
    plant: () => replace(Registry.prototype, 'isForgetting', () => () => false),
  },
  {
    name: 'pubrel-early',
    says: 'PUBREL leaves before the PUBREC is durable',
    plant: () =>
      replace(
        Commits.prototype,
        'wait',
        (wait) =>
          function (this: Commits, waiter) {
            // Waiters without a class are those of the outbox.
            if (waiter.constructor === Object) waiter.onCommitted(undefined);
            else wait.call(this, waiter);
          },
      ),
  },
  {
    name: 'deliver-early',
    says: 'QoS 2 messages leave before they are durable',
    plant: () =>
      replace(
        OutboxEntry.prototype,
        'enqueued',
        (enqueued) =>
          function (this: OutboxEntry, ...parameters) {
            enqueued.call(this, ...parameters);
            this.durable = true;
          },
      ),
  },
  {
    name: 'deliver-early-at-0',
    says: 'QoS 2 messages leave at QoS 0 before they are durable',
    plant: () =>
      replace(
        Session.prototype,
        'deliver',
        (deliver) =>
          function (this: Session, message, qos, retain, identifiers, sharedFilter) {
            if (qos > 0 || this.sink === undefined) {
              return deliver.call(this, message, qos, retain, identifiers, sharedFilter);
            }
            return this.send(message, 0, retain, false, 0, identifiers) === undefined;
          },
      ),
  },
  {
    name: 'repetition-routed',
    says: 'a QoS 2 message that is sent again is routed again',
    plant: () => replace(Inbox.prototype, 'has', () => () => false),
  },
  {
    name: 'session-present-wrong',
    says: 'a session that goes on is called a new one',
    plant: () =>
      replace(
        Registry.prototype,
        'connect',
        (connect) =>
          function (this: Registry, sink, request) {
            return { ...connect.call(this, sink, request), sessionPresent: false };
          },
      ),
  },
  {
    name: 'clean-start-ignored',
    says: 'Clean Start resumes the session',
    plant: () =>
      replace(
        Registry.prototype,
        'makeWay',
        (makeWay) =>
          function (this: Registry, clientId) {
            return makeWay.call(this, clientId, undefined);
          },
      ),
  },
  {
    name: 'expiry-forgotten',
    says: 'the time of sessions is not continued after a restart',
    plant: () => replace(SessionExpiry.prototype, 'resume', () => () => true),
  },
  {
    name: 'will-not-discarded',
    says: 'a will is published although it was taken back',
    plant: () =>
      replace(
        Wills.prototype,
        'discard',
        () =>
          function (this: Wills, session) {
            this.publish(session);
          },
      ),
  },
  {
    name: 'will-forgotten',
    says: 'a will is given up when the connection ends',
    plant: () =>
      replace(
        Wills.prototype,
        'connectionEnded',
        () =>
          function (this: Wills, session) {
            this.discard(session);
          },
      ),
  },
  {
    name: 'will-delay-restarts',
    says: 'the delay of a will begins anew with each start',
    plant: () =>
      replace(
        Wills.prototype,
        'restore',
        (restore) =>
          function (this: Wills, record, session, client) {
            restore.call(this, { ...record, dueAt: undefined }, session, client);
          },
      ),
  },
  {
    name: 'will-not-awaited',
    says: 'a session ends, or has the next will, before a hook has decided about its last one',
    plant: () =>
      replace(
        Wills.prototype,
        'publish',
        (publish) =>
          function (this: Wills, session) {
            void publish.call(this, session);
          },
      ),
  },
  {
    name: 'shared-to-two',
    says: 'two members of a share group get the same message',
    plant: () =>
      replace(
        SharedGroup.prototype,
        'deliver',
        (deliver) =>
          function (this: SharedGroup, ...parameters) {
            deliver.call(this, ...parameters);
            return deliver.call(this, ...parameters);
          },
      ),
  },
  {
    name: 'receive-maximum-ignored',
    says: 'more messages are in flight than the client takes',
    plant: () => replaceGetter(ClientSink.prototype, 'sendQuota', () => 65_535),
  },
  {
    name: 'packet-size-ignored',
    says: 'packets are sent that the client does not take',
    plant: () =>
      replace(
        Connection.prototype,
        'attached',
        (attached) =>
          function (this: Connection, ...parameters) {
            attached.call(this, ...parameters);
            this.maximumPacketSize = Infinity;
          },
      ),
  },
  {
    name: 'dup-missing',
    says: 'messages that are sent again do not say so',
    plant: () =>
      replace(
        ClientSink.prototype,
        'publish',
        (publish) =>
          function (this: ClientSink, message, qos, retain, _dup, packetId, identifiers) {
            return publish.call(this, message, qos, retain, false, packetId, identifiers);
          },
      ),
  },
  {
    name: 'alias-mixed-up',
    says: 'a topic alias of a client stands for another topic',
    plant: () =>
      replace(
        IncomingAliases.prototype,
        'resolve',
        (resolve) =>
          function (this: IncomingAliases, alias, name) {
            return resolve.call(this, name.topic === '' && alias > 1 ? alias - 1 : alias, name);
          },
      ),
  },
  {
    name: 'replay-not-authorized',
    says: 'authorizeDeliver is not asked about retained messages',
    plant: () =>
      replace(
        Session.prototype,
        'send',
        (send) =>
          function (this: Session, message, qos, retain, dup, packetId, identifiers) {
            if (!retain) return send.call(this, message, qos, retain, dup, packetId, identifiers);
            const sent = this.sink?.publish(message, qos, retain, dup, packetId, identifiers);
            return sent === true ? undefined : DropReason.packetTooLarge;
          },
      ),
  },
  {
    name: 'stale-routes',
    says: 'routes are not renewed when subscriptions change',
    plant: () => replace(Router.prototype, 'changed', () => () => {}),
  },
  {
    name: 'reading-not-resumed',
    says: 'a publisher is not read from again after its acknowledgements left',
    plant: () =>
      replace(
        Reading.prototype,
        'resume',
        (resume) =>
          function (this: Reading, reason) {
            if (reason !== ReadingStop.answers) resume.call(this, reason);
          },
      ),
  },
  {
    name: 'hook-without-deadline',
    says: 'a hook that never answers is waited for',
    plant: () => replace(HookCall.prototype, 'onDeadline', () => () => {}),
  },
  {
    name: 'fail-open',
    says: 'a hook that fails allows',
    plant: () => replace(RegisteredHook.prototype, 'fail', () => () => allow() as never),
  },
  {
    name: 'deadline-leak',
    says: 'deadlines are not cleared',
    plant: () => replace(Deadlines.prototype, 'clear', () => () => {}),
  },
  {
    name: 'full-too-early',
    says: 'a queue is full one message before its limit',
    plant: () =>
      replace(
        OutboxQueue.prototype,
        'hasRoomFor',
        (hasRoomFor) =>
          function (this: OutboxQueue, bytes, goneMessages = 0, goneBytes = 0) {
            return hasRoomFor.call(this, bytes, goneMessages - 1, goneBytes);
          },
      ),
  },
  {
    name: 'dropped-and-delivered',
    says: 'what was dropped to make room stays in the queue',
    plant: () => replace(OutboxQueue.prototype, 'withdraw', () => () => true),
  },
];
