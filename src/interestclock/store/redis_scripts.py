"""Scripts that Redis runs as one: each is of one key, or of two in one slot of a cluster."""

from __future__ import annotations

__all__ = ["DROP_ITEM", "DROP_USER", "HOLD", "LET_GO", "PUT_ITEM", "PUT_USER", "WRITE_META"]

# A user's hash: 'p' is "position index complete_from_ms". ARGV: the position that was read, the new one,
# whether what is there is another's, how many fields go, these, then fields and values.
PUT_USER = """
local own = redis.call('HGET', KEYS[1], 'p')
local at = own and string.match(own, '^%d+') or '-1'
if tonumber(at) >= tonumber(ARGV[2]) then return 0 end
if at ~= ARGV[1] then return redis.error_reply('CHANGED by another writer') end
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
local first = 5 + tonumber(ARGV[4])
for n = 5, first - 1 do redis.call('HDEL', KEYS[1], ARGV[n]) end
for n = first, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[n], ARGV[n + 1]) end
return 1
"""

# ARGV: the new position, the index of who left.
DROP_USER = """
local own = redis.call('HGET', KEYS[1], 'p')
if not own then return 0 end
local at, index = string.match(own, '^(%d+) (%d+)')
if index ~= ARGV[2] or tonumber(at) >= tonumber(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])
"""

# An item's value: "position since slot index record". ARGV: position, slot, index, record.
PUT_ITEM = """
local own, since = redis.call('GET', KEYS[1]), ARGV[1]
if own then
  local at, began, index = string.match(own, '^(%d+) (%d+) %d+ (%d+) ')
  if tonumber(at) >= tonumber(ARGV[1]) then return 0 end
  if index == ARGV[3] then since = began end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. since .. ' ' .. ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])
return 1
"""

# ARGV: the new position, the index of what left.
DROP_ITEM = """
local own = redis.call('GET', KEYS[1])
if not own then return 0 end
local at, index = string.match(own, '^(%d+) %d+ %d+ (%d+) ')
if index ~= ARGV[2] or tonumber(at) >= tonumber(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])
"""

# The lock's value: "owner hold". ARGV: these, for how many milliseconds, whether an earlier hold of the same
# owner is taken over. Gives the value that is there then.
HOLD = """
local mine, held = ARGV[1] .. ' ' .. ARGV[2], redis.call('GET', KEYS[1])
if held and held ~= mine and (ARGV[4] == '0' or string.match(held, '^(.*) [^ ]+$') ~= ARGV[1]) then
  return held
end
redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])
return mine
"""

LET_GO = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

# KEYS: meta, lock. ARGV: who has to hold the lock, then fields and values.
WRITE_META = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return redis.error_reply('CHANGED by another writer') end
for n = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[n], ARGV[n + 1]) end
return 1
"""
