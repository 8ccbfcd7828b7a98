/*
 * Decision 5. consent sends heartbeats through the log; a replica that has read one lately relies on what it read. Past
 * the bound it asks consent about the grant. Ends of tokens and apps are known by the log only.
 * The owner's relay is prompt: time does not pass while an event waits for a log that is up.
 */
#define ENTRIES 4
#define APP_KNOWN 1
#define HEARTBEAT 2
#define END 3
byte entry[ENTRIES];
byte entryAge[ENTRIES];
byte logEnd;
bool logIsAway;
bool inOutbox;

byte position[REPLICAS];
#define UNKNOWN 255
byte startEnd[REPLICAS];
bool knowsApp[REPLICAS];

/* What auth-server's own database knows. Its position in the log is kept with the log. */
bool authServerKnows;
byte authServerPosition;
/* auth-server gives tokens without the log for so long. */
#define PATIENCE BOUND

#ifdef FAULT_LOG_FALLS_BACK
#define CAN_END true
#else
/* A restore matters only to what ended before it. */
#define CAN_END (restores == 0)
#endif

#define CONSENT_SAYS_LIVE !((kind == GRANT && database == COMMITTED) || (kind == TIME && ended))
#define MAY_SERVE(r) (knowsApp[r] && known[r] == 0 && tokenAge < LIFETIME && (age[r] <= BOUND || CONSENT_SAYS_LIVE))
/* Decision 5 looks once, when it admits the request. */
#define MAY_LEAVE(r) true
#define LIVE_IS_SERVED(r) knowsApp[r]
#define MAY_ISSUE (!authServerKnows && (logIsAway -> !ended || sinceEnd <= PATIENCE : authServerPosition >= logEnd))

#define relayIsPrompt (logIsAway || (!inOutbox && (phase[0] == DOWN || position[0] == logEnd)))
#define allPrompt (phase[0] == READY)

inline setUp() {
  entry[0] = APP_KNOWN;
  logEnd = 1;
  startEnd[0] = UNKNOWN
}

inline start(r) {
  position[r] = 0;
  startEnd[r] = UNKNOWN;
  mustKnow[r] = false;
  knowsApp[r] = false
}

inline tickKnowledge(r) { skip }

inline tickWorld() {
  byte i;
  for (i : 0 .. ENTRIES - 1) {
    if
    :: entry[i] == HEARTBEAT -> count(entryAge[i], STALE)
    :: else
    fi
  }
  i = 0
}

inline append(what) {
  entry[logEnd] = what;
  entryAge[logEnd] = 0;
  logEnd++
}

inline truncate(length) {
  byte end = length;
  do
  :: logEnd > end -> logEnd--; entry[logEnd] = 0; entryAge[logEnd] = 0
  :: else -> break
  od;
  end = 0
}

/* A replica reads the log from its beginning. One that ends before its position is another log: it is read again. */
proctype Knowledge(byte r) {
  do
  :: atomic {
      RUNS(r) && !logIsAway && startEnd[r] == UNKNOWN ->
      startEnd[r] = logEnd;
      mustKnow[r] = (ended && sinceEnd > 0 && kind != TIME)
    }
  :: atomic {
      RUNS(r) && !logIsAway && startEnd[r] != UNKNOWN && position[r] < logEnd ->
      if
      :: entry[position[r]] == APP_KNOWN -> knowsApp[r] = true
      :: entry[position[r]] == END -> learn(r)
      :: entry[position[r]] == HEARTBEAT && entryAge[position[r]] < age[r] -> age[r] = entryAge[position[r]]
      :: else
      fi;
      position[r]++
    }
  :: atomic { RUNS(r) && !logIsAway && position[r] > logEnd -> position[r] = 0; startEnd[r] = logEnd }
  :: atomic {
      phase[r] == STARTING && startEnd[r] != UNKNOWN && position[r] >= startEnd[r] ->
      becomeReady(r)
    }
  od
}

proctype Owner() {
  do
  :: atomic {
      database == NONE && CAN_END && (kind != TIME || ended) && CAN_FAIL ->
      database = COMMITTED;
      inOutbox = true;
      answered = true;
      if
      :: !ended -> ended = true; sinceEnd = 0
      :: else
      fi
    }
  :: atomic { inOutbox && !logIsAway && logEnd < ENTRIES -> append(END); inOutbox = false }
  /* consent's heartbeat follows its own events; it says nothing of the events of others. */
  :: atomic {
      !logIsAway && logEnd < ENTRIES && CAN_FAIL && !(inOutbox && (kind == GRANT || kind == TIME)) ->
      append(HEARTBEAT)
    }
#ifdef FAULT_LOG_AWAY
  :: atomic { !logIsAway && CAN_FAIL -> logIsAway = true }
#ifndef AWAY_FOR_EVER
  :: atomic { logIsAway -> logIsAway = false }
#endif
#endif
#ifdef FAULT_LOG_FALLS_BACK
  /* A standby takes over that lacks the last entry, which the replica has read. */
  :: atomic {
      restores < RESTORES && CAN_FAIL && logEnd > 1 && known[0] == 0 &&
      phase[0] == READY && position[0] == logEnd ->
      restores++;
      truncate(logEnd - 1)
    }
#endif
#ifdef FAULT_LOG_DROPPED
  :: atomic { restores < RESTORES && CAN_FAIL -> restores++; truncate(0) }
#endif
#ifdef FAULT_RESTORE
  :: atomic {
      restores < RESTORES && CAN_FAIL && kind != TIME ->
      restores++;
      database = NONE;
      inOutbox = false;
      authServerKnows = false;
#ifndef LOG_STAYS
      truncate(1);
      authServerPosition = 0
#endif
    }
#endif
  :: atomic {
      !logIsAway && authServerPosition < logEnd ->
      if
      :: entry[authServerPosition] == END -> authServerKnows = true
      :: else
      fi;
      authServerPosition++
    }
  od
}
