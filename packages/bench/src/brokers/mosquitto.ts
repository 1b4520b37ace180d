import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Broker } from './broker.ts';

const program = '/usr/sbin/mosquitto';

/** Mosquitto as Debian packages it, with its queues unbounded and its state in memory. */
export const mosquitto: Broker = {
  name: 'mosquitto',
  peers: [],
  knownFaults: [],
  isRelay: false,
  unavailable: () =>
    existsSync(program) ? undefined : `${program} is missing (Debian: apt-get install mosquitto)`,
  version() {
    const { stdout } = spawnSync(program, ['-h'], { encoding: 'utf8', timeout: 5_000 });
    return /version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
  },
  command({ port, directory }) {
    const file = path.join(directory, 'mosquitto.conf');
    writeFileSync(file, configuration(port));
    return { program, arguments: ['-c', file] };
  },
};

function configuration(port: number): string {
  return `listener ${port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
max_inflight_messages 0
max_queued_bytes 0
persistence false
max_connections -1
set_tcp_nodelay true
log_type error
log_type warning
`;
}
