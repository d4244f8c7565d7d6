module gatehouse/envelope

go 1.22
