import { testOnCluster } from './cluster.js';

testOnCluster('ioredis');
