module gatehouse/entry

go 1.22
