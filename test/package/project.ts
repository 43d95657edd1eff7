import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../repository/root.js';
import { cleanUp } from '../support/clean-up.js';

export interface Packed {
  /** The folder with what is in the tarball. */
  readonly unpacked: string;
  /** Of the files in it, sorted. */
  readonly files: readonly string[];
  remove(): void;
}

/** Packs what is built, as `npm publish` would. */
export function pack(): Packed {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-packed-'));
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const packed: unknown = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  const [{ filename, files }] = packed as [{ filename: string; files: { path: string }[] }]; // what npm prints
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', unpacked, '--strip-components=1']);
  return {
    unpacked,
    files: files.map(({ path }) => path).sort(),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A project of a user: outside of the repository, so that nothing is found but what it installed. */
export interface Project {
  readonly folder: string;
  write(file: string, text: string): void;
  /** Links a package of the repository's. */
  link(name: string): void;
  /** Runs the installed command. */
  stepgate(...args: readonly string[]): Promise<Run>;
}

/** Makes a project with the packed package, and the packages that it needs beside it, as npm would. */
export function createProject(packed: Packed, type: 'module' | 'commonjs' = 'module'): Project {
  const folder = mkdtempSync(join(tmpdir(), 'stepgate-project-'));
  cleanUp(() => rmSync(folder, { recursive: true }));
  const modules = join(folder, 'node_modules');
  const unpacked = join(modules, 'stepgate');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  linkFiles(packed.unpacked, unpacked);
  const project: Project = {
    folder,
    write: (file, text) => writeFileSync(join(folder, file), text),
    link(name) {
      const target = join(modules, name);
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), target);
    },
    stepgate: (...args) => {
      return new Promise((resolve) => {
        execFile(
          join(modules, '.bin/stepgate'),
          args,
          { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) => {
            assert.ok(error === null || typeof error.code === 'number', 'The command was ended from outside.');
            resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
          },
        );
      });
    },
  };
  const manifest: { dependencies: object; bin: { stepgate: string } } = JSON.parse(
    readFileSync(join(unpacked, 'package.json'), 'utf8'),
  );
  for (const name of Object.keys(manifest.dependencies)) project.link(name);
  const command = join(unpacked, manifest.bin.stepgate);
  assert.ok(existsSync(command));
  chmodSync(command, 0o755);
  symlinkSync(command, join(modules, '.bin/stepgate'));
  project.write('package.json', JSON.stringify({ type, dependencies: { stepgate: '*' } }));
  return project;
}

/** A copy of a folder that has the same files: unpacking them for each project would take longer than most tests. */
function linkFiles(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkFiles(source, target);
    else linkSync(source, target);
  }
}
