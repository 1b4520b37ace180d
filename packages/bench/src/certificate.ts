import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { BenchError } from './bench-error.ts';

/** Files in PEM form. */
export interface CertificatePaths {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate that lasts for one run, in its directory; throws a BenchError without `openssl`. */
export function certificateIn(directory: string): CertificatePaths {
  const cert = path.join(directory, 'broker.crt');
  const key = path.join(directory, 'broker.key');
  const words = [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-days', '1', '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert],
  ];
  const { status, error, stderr } = spawnSync('openssl', words, {
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (status === 0) return { cert, key };
  throw new BenchError(`openssl made no certificate: ${error?.message ?? stderr.trim()}`);
}
