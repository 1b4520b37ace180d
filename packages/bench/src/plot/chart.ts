/** One figure of one broker. */
export interface Mark {
  readonly broker: string;
  /** Above 0. */
  readonly value: number;
  /** As it is printed beside the mark. */
  readonly text: string;
}

/** One thing that was measured, with a mark for each broker that has a figure. */
export interface Group {
  readonly label: string;
  readonly marks: readonly Mark[];
}

/** What one picture shows. */
export interface Chart {
  /** The name of its file, without `.svg`. */
  readonly name: string;
  readonly title: string;
  /** What the axis counts, and which end of it is the good one. */
  readonly axis: string;
  readonly groups: readonly Group[];
}

/** The brokers of a chart, in the order in which they first appear. */
export function brokersIn(chart: Chart): string[] {
  return [...new Set(chart.groups.flatMap(({ marks }) => marks.map(({ broker }) => broker)))];
}

/** What a chart says, in words, for those who cannot see it. */
export function describeChart({ axis, groups }: Chart): string {
  const lines = groups.map(
    ({ label, marks }) =>
      `${label}: ${marks.map(({ broker, text }) => `${broker} ${text}`).join(', ')}.`,
  );
  return [`${axis}.`, ...lines].join(' ');
}
