Console.WriteLine("hornet");
