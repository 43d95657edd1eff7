import { conformanceOf } from './conformance-of.js';

conformanceOf('ioredis');
