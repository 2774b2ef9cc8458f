export { connectConsumer, connectProducer } from './connection.js';
export { type ClientOptions, openClient } from './open-client.js';
export { type ReadRedisAddress, type RedisAddress, readRedisAddress } from './redis-address.js';
export { masterOfKey, mastersOf, nameOf, onServer, serverOfSlot, serversOf, slotOfKey } from './servers.js';
