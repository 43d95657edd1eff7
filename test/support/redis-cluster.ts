import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { createClient, createCluster, type RedisClientType } from 'redis';
import type { RedisClient } from '../../lib/stores/redis/index.js';
import { freePorts } from './free-ports.js';
import { commandOptions, type RedisServer, startRedisServer } from './redis-server.js';

export interface ClusterNode {
  readonly id: string;
  readonly port: number;
  readonly server: RedisServer;
  /** To this node alone, through its socket. */
  readonly admin: RedisClientType;
}

/** What `redis-cli --cluster reshard` does, step by step. */
export interface SlotMove {
  /** What the slot holds by now. */
  moveKeys(): Promise<void>;
  finish(): Promise<void>;
}

export interface RedisCluster {
  readonly nodes: readonly ClusterNode[];
  /** The node that a key's slot was given to at the start. */
  nodeOf(key: string): Promise<ClusterNode>;
  /** Begins to move the slot of a key to another node. A slot is moved once at most. */
  moveSlotOf(key: string): Promise<SlotMove>;
  /** A client of all nodes, connected; through these ports on loopback in the place of the nodes' own. */
  connect(library: RedisLibrary, ports?: ReadonlyMap<number, number>): Promise<ClusterClient>;
  empty(): Promise<void>;
  stop(): Promise<void>;
}

/** Whose client it is. */
export type RedisLibrary = 'node-redis' | 'ioredis';

export interface ClusterClient {
  readonly client: RedisClient;
  close(): void;
}

const SLOTS = 16_384;
const NODES = 3;

/** Starts three masters on loopback which share the slots. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const ports = await freePorts(2 * NODES);
  const nodes = await Promise.all(Array.from({ length: NODES }, (_, n) => startNode(n, ports)));
  const [first] = nodes;
  for (const { port, busPort } of nodes.slice(1)) {
    await first?.admin.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', `${port}`, `${busPort}`]);
  }
  await Promise.all(nodes.map(({ admin }) => isWhole(admin)));
  return {
    nodes,
    nodeOf: async (key) => ownerOf(nodes, await slotOf(nodes, key)),
    async moveSlotOf(key) {
      const slot = await slotOf(nodes, key);
      const from = ownerOf(nodes, slot);
      const to = ownerOf(nodes, (slot + SLOTS / 2) % SLOTS);
      const setSlot = (node: ClusterNode, ...state: readonly string[]): Promise<unknown> =>
        node.admin.sendCommand(['CLUSTER', 'SETSLOT', `${slot}`, ...state]);
      await setSlot(to, 'IMPORTING', from.id);
      await setSlot(from, 'MIGRATING', to.id);
      return {
        async moveKeys() {
          for (const each of await from.admin.clusterGetKeysInSlot(slot, 1000)) {
            await from.admin.migrate('127.0.0.1', to.port, each, 0, 1000);
          }
        },
        async finish() {
          for (const node of [to, from, ...nodes]) await setSlot(node, 'NODE', to.id);
        },
      };
    },
    connect: (library, through = new Map()) => connectTo[library](nodes, through),
    async empty() {
      await Promise.all(nodes.map(({ admin }) => admin.flushAll()));
    },
    async stop() {
      for (const { admin } of nodes) admin.destroy();
      await Promise.all(nodes.map(({ server }) => server.stop()));
    },
  };
}

type Connect = (nodes: readonly ClusterNode[], ports: ReadonlyMap<number, number>) => Promise<ClusterClient>;

const connectTo: Readonly<Record<RedisLibrary, Connect>> = {
  async 'node-redis'(nodes, ports) {
    const client = createCluster({
      rootNodes: nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })),
      defaults: { disableOfflineQueue: true },
      commandOptions,
      nodeAddressMap: addressesBy(ports),
    });
    client.on('error', () => {}); // it goes on trying to reach a node that is away
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  async ioredis(nodes, ports) {
    const addresses = nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const client = new Cluster(addresses, { enableOfflineQueue: false, lazyConnect: true, natMap: addressesBy(ports) });
    client.on('error', () => {});
    await client.connect();
    return { client, close: () => client.disconnect() };
  },
};

function addressesBy(ports: ReadonlyMap<number, number>): Record<string, { host: string; port: number }> {
  const host = '127.0.0.1';
  return Object.fromEntries([...ports].map(([from, to]) => [`${host}:${from}`, { host, port: to }]));
}

async function startNode(n: number, ports: readonly number[]): Promise<ClusterNode & { readonly busPort: number }> {
  const [port = 0, busPort = 0] = ports.slice(2 * n);
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, '--cluster-node-timeout', '1000'];
  const server = await startRedisServer(['--bind', '127.0.0.1', '--port', `${port}`, ...cluster]);
  const admin: RedisClientType = createClient({ socket: { path: server.path, tls: false }, commandOptions });
  admin.on('error', () => {});
  await admin.connect();
  await admin.sendCommand(['CLUSTER', 'SET-CONFIG-EPOCH', `${n + 1}`]);
  const [from, to] = [Math.floor((n * SLOTS) / NODES), Math.floor(((n + 1) * SLOTS) / NODES) - 1];
  await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`]);
  return { id: await admin.clusterMyId(), port, busPort, server, admin };
}

function ownerOf(nodes: readonly ClusterNode[], slot: number): ClusterNode {
  const node = nodes[Math.floor((slot * NODES) / SLOTS)];
  if (node === undefined) throw new RangeError(`There is no slot ${slot}.`);
  return node;
}

async function slotOf([first]: readonly ClusterNode[], key: string): Promise<number> {
  return first === undefined ? Number.NaN : first.admin.clusterKeySlot(key);
}

async function isWhole(admin: RedisClientType): Promise<void> {
  const whole = [/cluster_state:ok/, /cluster_slots_ok:16384/, new RegExp(`cluster_known_nodes:${NODES}`)];
  for (;;) {
    const info = await admin.clusterInfo();
    if (whole.every((part) => part.test(info))) return;
    await delay(20);
  }
}
