import { allVectors } from './vectors/index.ts';
import type { Vector, Version } from './vectors/vector.ts';

const versions: readonly Version[] = [4, 5];

/** Every vector on a connection of every version that it says something about. */
export const cases: readonly (readonly [name: string, vector: Vector, version: Version])[] =
  allVectors.flatMap((vector) =>
    versions
      .filter((version) => vector.outcome[version] !== undefined)
      .map(
        (version) =>
          [
            `${vector.id} ${vector.name}, ${version === 5 ? '5.0' : '3.1.1'}`,
            vector,
            version,
          ] as const,
      ),
  );
