module gatehouse/ratelimit

go 1.22
