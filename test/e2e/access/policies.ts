import type { RuleEntry, RuleWho } from '@sluice/auth';

/** Rules that keep a message on a topic from the receiver, or the publisher from publishing it. */
export interface Policy {
  readonly name: string;
  readonly topic: string;
  readonly rules: readonly RuleEntry[];
  readonly isAboutPublisher: boolean;
}

/** Lets everybody do everything. */
export const permissive: readonly RuleEntry[] = [{ effect: 'allow', action: 'all', topic: '#' }];

/** Each kind of rule, for one of the two: whom it names, and the topic as it is written and as it is. */
interface Kind {
  readonly name: string;
  readonly who?: RuleWho;
  /** Names somebody else, or the topic of somebody else. */
  readonly others: RuleWho | undefined;
  readonly pattern: string;
  readonly topic: string;
}

function kindsFor(clientId: string, user: string, role: string, line: string): readonly Kind[] {
  const plain = { pattern: 'x/y', topic: 'x/y' };
  const placed = (name: string, pattern: string, value: string): Kind => {
    return { name, pattern: `x/${pattern}`, topic: `x/${value}`, others: undefined };
  };
  return [
    { name: 'general', ...plain, others: { user: 'nobody' } },
    { name: 'user', who: { user }, others: { user: 'nobody' }, ...plain },
    { name: 'client id', who: { clientId }, others: { clientId: 'z' }, ...plain },
    {
      name: 'pattern of client ids',
      who: { clientIdPattern: `${clientId[0]}*` },
      others: { clientIdPattern: 'z*' },
      ...plain,
    },
    { name: 'role', who: { role }, others: { role: 'z' }, ...plain },
    placed('%c', '%c', clientId),
    placed('%u', '%u', user),
    placed('attribute', '%{line}', line),
  ];
}

function denial(kind: Kind, action: RuleEntry['action'], isAboutPublisher: boolean): Policy {
  const { who, pattern, topic } = kind;
  const rule: RuleEntry = { effect: 'deny', action, topic: pattern, ...(who && { who }) };
  return {
    name: `deny ${action}: ${kind.name}`,
    topic,
    rules: [...permissive, rule],
    isAboutPublisher,
  };
}

/** What is allowed is somebody else's: the topics of the kind are allowed to nobody here. */
function absence(kind: Kind, actions: RuleEntry['action'], isAboutPublisher: boolean): Policy {
  const { others, pattern } = kind;
  const other: RuleEntry = {
    effect: 'allow',
    action: actions,
    topic: [pattern, 'open/#'],
    ...(others && { who: others }),
  };
  const rest: RuleEntry = {
    effect: 'allow',
    action: isAboutPublisher ? ['subscribe', 'receive'] : 'publish',
    topic: '#',
  };
  return {
    name: `allow ${actions} to others only: ${kind.name}`,
    // A pattern with a placeholder is filled with what is theirs, which this is not.
    topic: others === undefined ? 'x/somebody-else' : kind.topic,
    rules: [rest, other],
    isAboutPublisher,
  };
}

const forReceiver = kindsFor('c1', 'anna', 'operator', '7');
const forPublisher = kindsFor('p1', 'pub', 'sender', '9');

export const policies: readonly Policy[] = [
  ...forReceiver.flatMap((kind) =>
    (['receive', 'subscribe'] as const).map((action) => denial(kind, action, false)),
  ),
  ...forReceiver.map((kind) => absence(kind, ['subscribe', 'receive'], false)),
  ...forPublisher.map((kind) => denial(kind, 'publish', true)),
  ...forPublisher.map((kind) => absence(kind, 'publish', true)),
];
