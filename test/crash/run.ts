// `npm run crash -- --kills 1000 --mode fsync|write|power [--seed N] [--jobs N]`
import { parseArgs } from 'node:util';
import { buildPackages } from '../support/build.ts';
import { campaign, type Mode, modes } from './campaign.ts';
import { faults, type Verdict } from './report.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    mode: { type: 'string', default: 'fsync' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '2' },
  },
});
const { mode } = values;
if (!isMode(mode)) throw new Error(`--mode is one of ${modes.join(', ')}`);

buildPackages();
let done = 0;
const verdict = await campaign({
  mode,
  kills: whole('kills'),
  seed: whole('seed'),
  jobs: whole('jobs'),
  onTrial: ({ cycles, examples }) => {
    done += cycles;
    console.error(`${done} kills`);
    for (const example of examples) console.error(`  ${example}`);
  },
});
console.log(table(verdict));
// Connections that a killed server left behind hold nothing up.
process.exit(verdict.examples.length === 0 ? 0 : 1);

function isMode(name: string): name is Mode {
  return modes.includes(name as Mode);
}

function whole(name: 'kills' | 'seed' | 'jobs'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} is a whole number above 0`);
}

function table({ cycles, powerCuts, acknowledged, delivered, checks, broken }: Verdict): string {
  const rows: [string, number][] = [
    ['kills', cycles],
    ['power cuts', powerCuts],
    ['acknowledged, QoS 1', acknowledged[1]],
    ['acknowledged, QoS 2', acknowledged[2]],
    ['delivered', delivered],
    ['other checks', checks],
    ...faults.map((fault): [string, number] => [fault, broken[fault]]),
  ];
  return rows
    .map(([name, count]) => `${name.padEnd(20)} ${count.toLocaleString('en').padStart(12)}`)
    .join('\n');
}
