module botyard.example/echo

go 1.22
