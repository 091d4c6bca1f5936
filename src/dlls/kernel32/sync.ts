import {
  ERROR_ALREADY_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_INVALID_HANDLE,
  ERROR_INVALID_NAME,
  ERROR_INVALID_OWNER_OF_MUTEX,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_ENOUGH_MEMORY,
  ERROR_TOO_MANY_POSTS,
} from '../../process/errors.ts';
import { CURRENT_PROCESS, CURRENT_THREAD } from '../../process/handles.ts';
import type { KernelObject } from '../../process/objects.ts';
import { EventObject, MutexObject, SemaphoreObject, Waitable } from '../../process/sync-objects.ts';
import type { Thread } from '../../process/thread.ts';
import { Wait, type WaitState, waitUntil } from '../../process/waits.ts';
import { family, library, service } from '../api.ts';
import { ANSI, type TextForm, WIDE } from '../guest-text.ts';
import { inherits } from './handle.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-{}';

const EVENT_ALL_ACCESS = 0x1f0003;
const MUTEX_ALL_ACCESS = 0x1f0001;
const SEMAPHORE_ALL_ACCESS = 0x1f0003;
const CREATE_EVENT_MANUAL_RESET = 1;
const CREATE_EVENT_INITIAL_SET = 2;
const CREATE_MUTEX_INITIAL_OWNER = 1;
const WAIT_OBJECT_0 = 0;
const WAIT_TIMEOUT = 258;
const WAIT_FAILED = 0xffff_ffff;
const MAXIMUM_WAIT_OBJECTS = 64;
type Named = EventObject | MutexObject | SemaphoreObject;
type Kind = Named['type'];

/** A handle to a new object, or with last error 183 to the one that has the name already. */
function create(
  thread: Thread,
  form: TextForm,
  security: number,
  name: number,
  access: number,
  kind: Kind,
  make: () => Named,
): number {
  const { process } = thread;
  const { namespace } = process.machine;
  const inherit = inherits(thread, security);
  if (name === 0) return give(thread, make(), access, inherit);
  const key = namespace.key(form.read(thread.memory, name));
  if (key === undefined) return thread.fail(ERROR_INVALID_NAME);
  const found = namespace.find(key);
  if (found && found.type !== kind) return thread.fail(ERROR_INVALID_HANDLE);
  const object = found ?? make();
  const remove = found ? undefined : namespace.add(key, object);
  const handle = process.handles.add(object, access, inherit, remove);
  if (handle === 0) remove?.();
  thread.lastError = handle === 0 ? ERROR_NOT_ENOUGH_MEMORY : found ? ERROR_ALREADY_EXISTS : 0;
  return handle;
}

function give(thread: Thread, object: KernelObject, access: number, inherit: boolean): number {
  const handle = thread.process.handles.add(object, access, inherit);
  thread.lastError = handle === 0 ? ERROR_NOT_ENOUGH_MEMORY : 0;
  return handle;
}

function open(form: TextForm, kind: Kind) {
  return (thread: Thread, access: number, inherit: number, name: number): number => {
    if (name === 0) return thread.fail(ERROR_INVALID_PARAMETER);
    const { process } = thread;
    const key = process.machine.namespace.key(form.read(thread.memory, name));
    if (key === undefined) return thread.fail(ERROR_INVALID_NAME);
    const found = process.machine.namespace.find(key);
    if (!found) return thread.fail(ERROR_FILE_NOT_FOUND);
    if (found.type !== kind) return thread.fail(ERROR_INVALID_HANDLE);
    return process.handles.add(found, access, inherit !== 0);
  };
}

function createEvent(form: TextForm) {
  return (thread: Thread, security: number, manual: number, set: number, name: number): number =>
    create(
      thread,
      form,
      security,
      name,
      EVENT_ALL_ACCESS,
      'event',
      () => new EventObject(manual !== 0, set !== 0),
    );
}
function createEventEx(form: TextForm) {
  return (thread: Thread, security: number, name: number, flags: number, access: number): number =>
    create(thread, form, security, name, access, 'event', () => {
      return new EventObject(
        (flags & CREATE_EVENT_MANUAL_RESET) !== 0,
        (flags & CREATE_EVENT_INITIAL_SET) !== 0,
      );
    });
}
function createMutex(form: TextForm) {
  return (thread: Thread, security: number, owned: number, name: number): number =>
    create(
      thread,
      form,
      security,
      name,
      MUTEX_ALL_ACCESS,
      'mutex',
      () => new MutexObject(owned !== 0 ? thread : undefined),
    );
}
function createMutexEx(form: TextForm) {
  return (thread: Thread, security: number, name: number, flags: number, access: number): number =>
    create(thread, form, security, name, access, 'mutex', () => {
      return new MutexObject((flags & CREATE_MUTEX_INITIAL_OWNER) !== 0 ? thread : undefined);
    });
}
function createSemaphore(form: TextForm) {
  return (thread: Thread, security: number, count: number, maximum: number, name: number): number => {
    if (maximum <= 0 || count < 0 || count > maximum) return thread.fail(ERROR_INVALID_PARAMETER);
    return create(
      thread,
      form,
      security,
      name,
      SEMAPHORE_ALL_ACCESS,
      'semaphore',
      () => new SemaphoreObject(count, maximum),
    );
  };
}

/** The object of a handle if it is of the class, or undefined with last error set. */
function objectOf<T extends Named>(thread: Thread, handle: number, kind: Kind): T | undefined {
  const object = thread.process.handles.object<T>(handle, kind);
  if (!object) thread.fail(ERROR_INVALID_HANDLE);
  return object;
}

function onEvent(change: (event: EventObject) => void) {
  return (thread: Thread, handle: number): number => {
    const event = objectOf<EventObject>(thread, handle, 'event');
    if (!event) return 0;
    change(event);
    return 1;
  };
}

function releaseSemaphore(thread: Thread, handle: number, by: number, previous: number): number {
  const semaphore = objectOf<SemaphoreObject>(thread, handle, 'semaphore');
  if (!semaphore) return 0;
  if (by <= 0) return thread.fail(ERROR_INVALID_PARAMETER);
  const { count } = semaphore;
  if (!semaphore.release(by)) return thread.fail(ERROR_TOO_MANY_POSTS);
  if (previous !== 0) thread.memory.setU32(previous, count);
  return 1;
}

/** What a wait looks at: an object of ours, or something that cannot become signalled while this thread runs. */
interface Target {
  isSignaled(thread: Thread): boolean;
  take(thread: Thread): void;
  subscribe(wake: () => void): void;
}
const UNSIGNALED: Target = { isSignaled: () => false, take: () => {}, subscribe: () => {} };
/** A file is signalled when no operation runs on it: always, for ours. */
const SIGNALED: Target = { ...UNSIGNALED, isSignaled: () => true };

function targetOf(thread: Thread, handle: number): Target | undefined {
  if (handle === CURRENT_PROCESS || handle === CURRENT_THREAD) return UNSIGNALED;
  const object = thread.process.handles.get(handle)?.object;
  if (object instanceof Waitable) return object;
  switch (object?.type) {
    case 'process':
    case 'thread':
      return object === thread.process || object === thread ? UNSIGNALED : undefined;
    case 'file':
      return SIGNALED;
    default:
      return undefined;
  }
}

function failWait(thread: Thread, error: number): number {
  thread.fail(error);
  return WAIT_FAILED;
}

function waitForOne(thread: Thread, handle: number, milliseconds: number): number {
  const target = targetOf(thread, handle);
  if (!target) return failWait(thread, ERROR_INVALID_HANDLE);
  const state = waitUntil(
    thread,
    milliseconds,
    () => target.isSignaled(thread),
    (wake) => target.subscribe(wake),
  );
  if (state === Wait.done) target.take(thread);
  return state === Wait.timeout ? WAIT_TIMEOUT : WAIT_OBJECT_0;
}

function waitForMany(
  thread: Thread,
  count: number,
  handles: number,
  all: number,
  milliseconds: number,
): number {
  if (count === 0 || count > MAXIMUM_WAIT_OBJECTS) return failWait(thread, ERROR_INVALID_PARAMETER);
  const targets: Target[] = [];
  for (let i = 0; i < count; i++) {
    const target = targetOf(thread, thread.memory.u64(handles + i * 8));
    if (!target) return failWait(thread, ERROR_INVALID_HANDLE);
    targets.push(target);
  }
  if (
    all !== 0 &&
    new Set(targets.filter((target) => target instanceof Waitable)).size <
      targets.filter((target) => target instanceof Waitable).length
  ) {
    return failWait(thread, ERROR_INVALID_PARAMETER);
  }
  return all !== 0 ? waitForAll(thread, targets, milliseconds) : waitForAny(thread, targets, milliseconds);
}

function waitOn(
  thread: Thread,
  targets: readonly Target[],
  milliseconds: number,
  ready: () => boolean,
): WaitState {
  return waitUntil(thread, milliseconds, ready, (wake) => {
    for (const target of targets) target.subscribe(wake);
  });
}

/** Nothing is taken before all are signalled at once. */
function waitForAll(thread: Thread, targets: readonly Target[], milliseconds: number): number {
  const state = waitOn(thread, targets, milliseconds, () =>
    targets.every((target) => target.isSignaled(thread)),
  );
  if (state === Wait.done) for (const target of targets) target.take(thread);
  return state === Wait.timeout ? WAIT_TIMEOUT : WAIT_OBJECT_0;
}

function waitForAny(thread: Thread, targets: readonly Target[], milliseconds: number): number {
  const first = () => targets.findIndex((target) => target.isSignaled(thread));
  const state = waitOn(thread, targets, milliseconds, () => first() >= 0);
  if (state !== Wait.done) return state === Wait.timeout ? WAIT_TIMEOUT : WAIT_OBJECT_0;
  const index = first();
  targets[index]!.take(thread);
  return WAIT_OBJECT_0 + index;
}

const EVENT = 'lpEventAttributes: address, bManualReset: bool, bInitialState: bool, lpName: address';
const EVENT_EX = 'lpEventAttributes: address, lpName: address, dwFlags: dword, dwDesiredAccess: dword';
const MUTEX = 'lpMutexAttributes: address, bInitialOwner: bool, lpName: address';
const MUTEX_EX = 'lpMutexAttributes: address, lpName: address, dwFlags: dword, dwDesiredAccess: dword';
const SEMAPHORE = 'lpSemaphoreAttributes: address, lInitialCount: int, lMaximumCount: int, lpName: address';
const OPEN = 'dwDesiredAccess: dword, bInheritHandle: bool, lpName: address';
const ONE = 'hHandle: handle, dwMilliseconds: dword';
const MANY = 'nCount: dword, lpHandles: address, bWaitAll: bool, dwMilliseconds: dword';

/** synchapi.h: events, mutexes, semaphores and waiting for them. */
export const syncApi = family('kernel32', PAGES, () => ({
  CreateEventA: library(EVENT, 'handle', createEvent(ANSI)),
  CreateEventW: library(EVENT, 'handle', createEvent(WIDE)),
  CreateEventExA: library(EVENT_EX, 'handle', createEventEx(ANSI)),
  CreateEventExW: library(EVENT_EX, 'handle', createEventEx(WIDE)),
  OpenEventA: library(OPEN, 'handle', open(ANSI, 'event')),
  OpenEventW: library(OPEN, 'handle', open(WIDE, 'event')),
  SetEvent: service(
    'hEvent: handle',
    'bool',
    onEvent((event) => event.set()),
  ),
  ResetEvent: service(
    'hEvent: handle',
    'bool',
    onEvent((event) => event.reset()),
  ),
  CreateMutexA: library(MUTEX, 'handle', createMutex(ANSI)),
  CreateMutexW: library(MUTEX, 'handle', createMutex(WIDE)),
  CreateMutexExA: library(MUTEX_EX, 'handle', createMutexEx(ANSI)),
  CreateMutexExW: library(MUTEX_EX, 'handle', createMutexEx(WIDE)),
  OpenMutexA: library(OPEN, 'handle', open(ANSI, 'mutex')),
  OpenMutexW: library(OPEN, 'handle', open(WIDE, 'mutex')),
  ReleaseMutex: service('hMutex: handle', 'bool', (thread, handle) => {
    const mutex = objectOf<MutexObject>(thread, handle, 'mutex');
    if (!mutex) return 0;
    return mutex.release(thread) ? 1 : thread.fail(ERROR_INVALID_OWNER_OF_MUTEX);
  }),
  CreateSemaphoreA: library(SEMAPHORE, 'handle', createSemaphore(ANSI)),
  CreateSemaphoreW: library(SEMAPHORE, 'handle', createSemaphore(WIDE)),
  OpenSemaphoreW: library(OPEN, 'handle', open(WIDE, 'semaphore')),
  ReleaseSemaphore: service(
    'hSemaphore: handle, lReleaseCount: int, lpPreviousCount: address',
    'bool',
    releaseSemaphore,
  ),
  WaitForSingleObject: service(ONE, 'dword', waitForOne),
  WaitForSingleObjectEx: service(`${ONE}, bAlertable: bool`, 'dword', waitForOne),
  WaitForMultipleObjects: service(MANY, 'dword', waitForMany),
  WaitForMultipleObjectsEx: service(`${MANY}, bAlertable: bool`, 'dword', waitForMany),
}));
