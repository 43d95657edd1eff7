-- Each request is of one of 10,000 sessions, chosen at random: `-- <file of header lines> <which ten thousand>`.
local requests = {}

function init(args)
  math.randomseed(tonumber(args[2]))
  local lines = {}
  for line in io.lines(args[1]) do lines[#lines + 1] = line end
  for i = 1, math.min(10000, #lines) do
    local line = lines[(tonumber(args[2]) * 10000 + i) % #lines + 1]
    local name, value = line:match("^([^:]+): (.*)$")
    requests[i] = wrk.format("GET", "/", { [name] = value })
  end
end

function request()
  return requests[math.random(#requests)]
end
