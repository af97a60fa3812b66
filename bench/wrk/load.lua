-- wrk's script: -- KIND FIRST COUNT
--
--   status    the status of a random one of COUNT users' syncs
--   conflict  a start of a random one of COUNT users, who has a sync
--   start     a start of one user after another, from FIRST on; ends with them
--
-- The number of a user's sync is 1764000000000 and the user's.

local kind, first, count, used
local requests = {}
local status = "/api/sync/status?syncId=sync_%s_%d"
local start = "/api/v1/integrations/amazon/sync"


function init(args)
    kind, first, count = args[1], tonumber(args[2]), tonumber(args[3])
    used = 0
    math.randomseed(first)

    if kind == "start" then
        return
    end

    for i = first, first + count - 1 do
        if kind == "status" then
            table.insert(requests, wrk.format(
                "GET", status:format("u" .. i, 1764000000000 + i),
                { ["Host"] = wrk.host, ["X-User"] = "u" .. i }))
        else
            table.insert(requests, wrk.format(
                "POST", start,
                { ["Host"] = wrk.host, ["X-User"] = "c" .. i }))
        end
    end
end


local function next_start()
    if used == count then
        wrk.thread:stop()
        used = used - 1
    end

    used = used + 1

    return "POST " .. start .. " HTTP/1.1\r\nHost: " .. wrk.host
           .. "\r\nX-User: s" .. (first + used - 1) .. "\r\n\r\n"
end


function request()
    if kind == "start" then
        return next_start()
    end

    return requests[math.random(#requests)]
end


function done(summary, latency)
    local errors = summary.errors

    print(string.format(
        '{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,' ..
        '"p50":%.3f,"p99":%.3f}',
        summary.requests, summary.duration / 1e6, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
