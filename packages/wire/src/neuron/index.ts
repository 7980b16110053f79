export * from './messages.ts';
export { ProtobufWriter, protobufFields, type ProtobufField } from './protobuf.ts';
