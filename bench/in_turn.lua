-- What wrk sends where there are many keys: each request brings the next line of a file.
local requests, sent = {}, 0

function init(arguments)
   for line in io.lines(arguments[1]) do
      requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = line })
   end
end

function request()
   sent = sent % #requests + 1
   return requests[sent]
end
