module gatehouse/keyauth

go 1.22
