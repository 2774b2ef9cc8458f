export { connectConsumer, connectProducer } from './connection.js';
export { type ClientOptions, openClient } from './open-client.js';
export { type ReadRedisAddress, type RedisAddress, readRedisAddress } from './redis-address.js';
export { mastersOf, nameOf, onServer, serversOf } from './servers.js';
