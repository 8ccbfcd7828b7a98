/*
 * An app's state, open or closed, and the rule "only a newer version counts": decision 20 with signed events. Another
 * service, taken over, writes into the log what it likes; old events come again; registration's database is restored.
 */
#ifndef BOUND
#define BOUND 1
#endif
#define STALE (BOUND + 1)
#define VERSIONS 5

/* registration: its database, and its journal outside of it (bound.pml has what the journal needs). */
byte version = 1;
bool isOpen;
bool wasOpen;
byte journaledVersion = 1;
bool journaledOpen;
bool mustRecover;
bool isRestored;
/* Events that registration has signed: the log may bring any of them, at any time, again and again. */
bool signedOpen[VERSIONS];
bool signedClosed[VERSIONS];
/* The truth is the newest answered state, journaledOpen. Ticks since it changed. */
byte sinceChange;

/* A replica of fhir-api. */
byte knownVersion;
bool knownOpen;
byte age = STALE;
bool isAsked;
byte askedAgo;

inline count(counter) {
  if
  :: counter < STALE -> counter++
  :: else
  fi
}

inline sign() {
  if
  :: isOpen -> signedOpen[version] = true
  :: else -> signedClosed[version] = true
  fi;
  journaledVersion = version;
  journaledOpen = isOpen
}

#ifdef ANY_VERSION
#define IS_NEWER(v) true
#else
#define IS_NEWER(v) ((v) > knownVersion)
#endif

inline learn(v, open) {
  if
  :: IS_NEWER(v) -> knownVersion = v; knownOpen = open
  :: else
  fi
}

proctype Registration() {
  do
  :: atomic {
      version < VERSIONS - 1 && !mustRecover ->
      version++;
      isOpen = !isOpen;
      sinceChange = 0;
      sign()
    }
#ifdef FAULT_RESTORE
  :: atomic {
      !isRestored && journaledVersion < VERSIONS - 1 ->
      isRestored = true;
      version = 1;
      isOpen = wasOpen;
      mustRecover = true
    }
#endif
  :: atomic {
      mustRecover ->
      mustRecover = false;
      isOpen = journaledOpen;
#ifdef VERSIONS_FALL_BACK
      version++;
#else
      version = journaledVersion + 1;
#endif
      sign()
    }
  od
}

proctype Log() {
  byte v;
  do
  :: atomic {
      v = 1;
      do
      :: v < VERSIONS - 1 -> v++
      :: break
      od;
      if
      :: signedOpen[v] -> learn(v, true)
      :: signedClosed[v] -> learn(v, false)
#ifdef UNSIGNED
      :: learn(v, true)
#endif
      :: !signedOpen[v] && !signedClosed[v]
      fi;
      v = 0
    }
  od
}

proctype Feed() {
  do
  :: atomic { !isAsked -> isAsked = true; askedAgo = 0 }
  :: atomic {
      isAsked && !mustRecover ->
      learn(version, isOpen);
      age = askedAgo;
      isAsked = false;
      askedAgo = 0
    }
  :: atomic { isAsked -> isAsked = false; askedAgo = 0 }
  od
}

proctype Requests() {
  do
  :: atomic { age <= BOUND && knownOpen -> assert(journaledOpen || sinceChange <= BOUND) }
  od
}

proctype Clock() {
  do
  :: atomic {
      count(age);
      count(sinceChange);
      if
      :: isAsked -> count(askedAgo)
      :: else
      fi
    }
  od
}

init {
  atomic {
    if
    :: wasOpen = true
    :: wasOpen = false
    fi;
    isOpen = wasOpen;
    sinceChange = STALE;
    sign();
    run Registration();
    run Log();
    run Feed();
    run Requests();
    run Clock()
  }
}
