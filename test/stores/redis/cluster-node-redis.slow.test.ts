import { testOnCluster } from './cluster.js';

testOnCluster('node-redis');
