/* gen_words.c: the words that slots are filled with; ours. A text that begins with '=' is a template of other slots. */
#include "tools/default/gen.h"

const char *const gd_words[][2] = {
    /* people and places */
    {"first", "Anna|Ben|Clara|David|Emma|Felix|Grace|Henry|Isla|Jack|Kate|Leo|Maya|Noah|Olivia|Paul|Quinn|Rosa|Sam|Tina|Uma|"
              "Victor|Wendy|Xavier|Yara|Zoe|Aaron|Bella|Carlos|Diana|Ethan|Fatima|George|Hannah|Ivan|Julia|Kevin|Laura|Marco|"
              "Nina|Oscar|Priya|Rachel|Simon|Tara|Umar|Vera|Will|Yusuf|Zara|Adam|Alice|Amir|Amy|Andre|Andy|Angela|Anita|Arthur|"
              "Barbara|Beth|Bill|Bob|Brian|Carmen|Carol|Charlie|Chen|Chris|Claire|Colin|Cora|Dan|Daniel|Daphne|Dennis|Derek|"
               "Dora|"
              "Ed|Elena|Eli|Ella|Eric|Erin|Esther|Eva|Finn|Fiona|Frank|Fred|Gabriel|Gina|Gloria|Hugo|Ian|Ines|Ingrid|Irene|"
               "Iris|"
              "Jacob|James|Jane|Jasmine|Javier|Jen|Jim|Joe|John|Jonas|Jorge|Josh|Joy|Juan|Karen|Karl|Kenji|Kim|Kira|Lara|Lars|"
              "Leah|Lena|Liam|Lily|Linda|Lisa|Lola|Louis|Lucas|Lucy|Luis|Luke|Lydia|Maria|Mark|Martha|Martin|Mary|Matt|Max|"
               "Megan|"
              "Mia|Michael|Miguel|Mike|Milo|Mina|Mona|Nadia|Naomi|Nate|Nick|Nora|Olga|Omar|Otto|Owen|Pablo|Pat|Pedro|Peter|"
               "Petra|"
              "Phil|Raj|Ravi|Ray|Rita|Rob|Robin|Ruth|Ryan|Sara|Sean|Silvia|Sofia|Sonia|Stella|Steve|Sunil|Susan|Theo|Thomas|"
               "Tim|"
              "Toby|Tom|Tony|Ursula|Valerie|Vince|Violet|Walter|Wei|Yuki|Zack"},
    {"person", "={$first|$first|$first|$made|$made|$first $made}"},
    {"kin", "mom|mum|dad|my wife|my husband|my brother|my sister|grandma|my boss|my neighbor|my landlord|my aunt|my uncle|"
            "my cousin|the plumber|the babysitter|my roommate|my coach|the dentist|the office"},
    {"who", "={$person|$person|$person|$person|$kin}"},
    {"city", "Paris|London|Berlin|Madrid|Rome|Vienna|Oslo|Lisbon|Dublin|Prague|Boston|Chicago|Denver|Austin|Seattle|Toronto|"
     "Lima|"
             "Cairo|Tokyo|Osaka|Seoul|Delhi|Mumbai|Sydney|Perth|Porto|Milan|Turin|Lyon|Nice|Geneva|Zurich|Munich|Hamburg|Leeds|"
             "York|Bath|Oxford|Ghent|Athens|Warsaw|Krakow|Riga|Tallinn|Helsinki|Bergen|Malmo|Quito|Bogota|Nairobi|Accra|Lagos"},
    {"place", "={$city|$city|$made|$made}"},
    {"street", "={$small $made {Street|Road|Lane|Avenue}|$small $tree {Street|Road|Lane|Drive}}"},
    {"tree", "Oak|Elm|Maple|Cedar|Pine|Birch|Willow|Park|Mill|Church|Station|River|Hill|Lake|Bridge|Garden|Rose|Market|King|"
     "Queen|"
             "Castle|Forest|Spring|School|Harbor|North|South|Chestnut|Linden|Walnut"},
    {"shop", "bakery|pharmacy|library|gym|bank|post office|butcher|florist|book shop|garage|clinic|museum|pool|barber|cafe|"
             "hardware store|pet shop|town hall|swimming hall|print shop|shoe shop|market|farm shop|laundry"},
    {"pet", "Rex|Bella|Milo|Luna|Coco|Max|Daisy|Oscar|Ruby|Simba|Nala|Biscuit|Pepper|Toffee|Shadow|Ginger|Mittens|Smokey|Kiwi|"
     "Felix"},
    {"animal", "dog|cat|rabbit|hamster|parrot|turtle|pony|goldfish"},
    /* times */
    {"weekday", "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|monday|tuesday|wednesday|thursday|friday|saturday|"
     "sunday"},
    {"part", "in the morning|in the afternoon|in the evening|at night|after lunch|before dinner|before work|after school|"
     "after work"},
    {"day", "={tomorrow|tomorrow|today|tonight|$weekday|on $weekday|next $weekday|this $weekday|on $date|the day after "
     "tomorrow}"},
    {"unit", "={seconds|minutes|minutes|minutes|hours|days|weeks}"},
    {"span", "={$num minutes|$num minutes|$num hours|$num seconds|$num min|an hour|half an hour|a minute|an hour and a half|"
             "$num minutes and $num seconds|$num and a half minutes|$num hours and $num minutes}"},
    {"when", "={$day at $clock|$day at $clock|at $clock|at $clock $day|$day|$day {morning|evening|afternoon}|$day $part|in "
     "$span|"
             "in $num {days|weeks|hours}|every $weekday|every day at $clock|every morning|$day around $clock|by $day|by $clock|"
             "this {morning|evening|afternoon|weekend}|next week|next month}"},
    {"whenday", "={$day|$day|$day|$day {morning|evening|afternoon}|next week|this week|this weekend|next month|on $date|"
     "$date}"},
    /* things to do */
    {"thing", "the car|the bins|the rent|the laundry|my passport|the tickets|the report|the plants|the keys|the invoice|the "
     "package|"
              "the cake|my glasses|the library books|the heating|the garden|the boiler|the bike|the insurance|the taxes|the "
               "photos|"
              "the contract|the garage|the oven|my phone|the tent|the suitcase|the curtains|the windows|the lamp|the fence|"
              "the printer|the dishes|the roof|the filter|my jacket|the guitar|the parcel|the forms|the deposit|the gas bill|"
              "the water bill|the phone bill|the school fees|my medicine|the vitamins|the cat food|the spare key|the recycling|"
              "the charger|the projector|the slides|the budget|the presents|the visa|the hotel|the flights|the candles|the "
               "sofa"},
    {"tidy", "clean|check|fix|collect|return|move|sell|pack|pick up|look at|wash|order|bring|replace|sort|wrap|measure|drop "
     "off|"
             "take out|book|pay for|cancel|renew|print|sign|send back|photograph|label|paint|lock|insure|repair"},
    {"todo", "={call $who|email $who|write to $who|meet $who|text $who back|call $who about $thing|$tidy $thing|$tidy $thing|"
             "$tidy $thing|buy $food|buy $food and $food2|get $food from the $shop|go to the $shop|pick up $who from the $shop|"
             "visit $who in $place|send $who $thing|ask $who about $topic|thank $who for $thing|pay $who $price|take my pills|"
             "feed the $animal|walk the $animal|water the plants|practice the piano|stretch|drink water|charge my phone|"
             "book a table for $num|read $num pages|take the bread out|call the $shop|wish $who a happy birthday|"
             "give $pet the medicine|prepare for the $event|do the $event homework}"},
    {"event", "dentist appointment|team meeting|yoga class|dinner with $first|doctor's appointment|parent evening|job "
     "interview|"
              "piano lesson|concert|wedding|birthday party|book club|swim class|football match|school play|board meeting|lunch|"
              "haircut|training|conference|workshop|choir practice|exam|eye test|staff party|barbecue|chess club|photo shoot|"
              "house viewing|car inspection|budget review|project review|standup|sales call|vet visit|dance class|flu shot"},
    {"topic", "the move|the holiday|the new kitchen|the party|the school trip|the merger|the website|the garden|the budget|"
              "the wedding|the new job|the apartment|the car|the concert|the exhibition|the play|the summer camp|the survey|"
              "the new logo|the roof repair|the trip to $place|the contract|the exam|the recipe|the book|the course|the loan|"
              "the garage sale|the bike tour|the family reunion|the tax return|the guest list|the seating plan|the newsletter"},
    /* lists */
    {"food", "milk|eggs|bread|butter|cheese|apples|bananas|rice|pasta|flour|sugar|salt|pepper|onions|garlic|tomatoes|potatoes|"
             "carrots|lettuce|spinach|chicken|salmon|tofu|yogurt|honey|jam|tea|coffee|oats|nuts|lemons|oranges|grapes|pears|"
             "mushrooms|beans|lentils|olive oil|vinegar|mustard|ketchup|cereal|orange juice|ice cream|chocolate|cookies|"
             "crackers|soap|shampoo|toothpaste|paper towels|toilet paper|batteries|light bulbs|dog food|cat litter|napkins|"
             "trash bags|sparkling water|almond milk|sour cream|baking powder|cinnamon|basil|parsley|ginger|cucumbers|peppers|"
             "zucchini|broccoli|corn|peas|berries|avocados|limes|melon|plums|peaches|ham|bacon|sausages|tuna|shrimp|noodles"},
    {"goods", "a tent|a torch|sun cream|a rain coat|hiking boots|a sleeping bag|a map|nails|a hammer|paint|screws|a drill|glue|"
              "a novel by $made|running shoes|a birthday card|candles|balloons|a swimsuit|a power bank|a toothbrush|a scarf|"
              "the $made album|warm socks|a cook book|stamps|envelopes|a new kettle|a desk lamp|a bike pump|picture frames"},
    {"item", "={$food|$food|$food|$food and $food2|$num $food|$goods|$food, $food2 and $food3|a bottle of $food|some $food}"},
    {"list", "shopping list|grocery list|to do list|packing list|wish list|reading list|groceries list|party list|camping list|"
             "christmas list|gift list|work list|movie list|holiday list|hardware list|weekend list|chores list|dinner list|"
             "school list|garden list|birthday list|books list|errands list|travel list"},
    /* messages and notes */
    {"said", "={i am running late|i'll be there {at $clock|in $span}|the meeting is moved to $clock|dinner is ready|"
             "i can't come $day|i am on my way|see you {at $clock|$day}|please call me back|the keys are under the mat|"
             "thanks for {$thing|the help|the $food}|happy birthday|we need $food|i left {$thing|my bag} at the $shop|"
             "the train is $num minutes late|bring $food {please|$day}|i arrived in $place|the code is $code|"
             "i got the job|can you pick up $food|let's meet at the $shop {at $clock|$day}|are you free $day|"
             "what do you think about $topic|$person is coming too|the $event is {at $clock|$day}|i paid $price for $thing|"
             "congratulations on $topic|good luck with $topic|my flight lands at $clock|i'll bring $food}"},
    {"fact", "={the car is parked {on level $small|near the $shop}|$person likes $food|the plumber comes $day|"
             "$thing cost $price|the $event was great|$person moved to $place|the door code is $code|"
             "try the $food at the $made cafe|$person recommended the book $made|idea for $topic: ask $person|"
             "the $shop opens at $clock|spoke with $person about $topic|$person owes me $price|the $animal is called $pet|"
             "size $small shoes for $person|start $topic {$day|with a small team}|the wifi at the $shop is $code|"
             "we agreed on $price for $thing|$num people are coming to the $event|$person is allergic to $food}"},
    {"dish", "pasta|rice|eggs|tea|pizza|cake|bread|potatoes|lasagna|cookies|chicken|fish|soup|laundry|dough|oven|steak|quiche|"
             "noodles|brownies|roast|beans|lentils|coffee|muffins|pie|sauce|nap|workout|face mask|sourdough|stew|waffles|"
              "break"},
    {"waking", "={at $clock|at $clock|at $clock $day|$day at $clock|in $span|$weekday at $clock|at $clock on $weekday}"},
    /* settings */
    {"switch", "dark mode|wifi|bluetooth|airplane mode|location|notifications|night light|battery saver|the flashlight|auto "
     "rotate|"
               "vibration|mobile data|the hotspot|do not disturb|silent mode|auto update|the screen lock|captions|dictation|"
               "the keyboard sound|power saving|data roaming|backups|focus mode|grayscale|large text|the screen reader"},
    {"dial", "brightness|volume|the volume|screen brightness|the ringtone volume|the alarm volume|font size|the media volume|"
             "text size|system volume|the warmth|the screen timeout|contrast|the call volume|the speech rate"},
    {"level", "={$num|$num percent|$small percent|$small|maximum|half|the lowest|the highest|medium|low|high}"},
    /* what notes say */
    {"hobby", "chess|climbing|painting|sailing|pottery|cycling|knitting|birdwatching|fencing|gardening|surfing|yoga|tennis|"
     "golf|"
              "photography|baking|karate|rowing|skiing|archery|origami|juggling|running|swimming|dancing|fishing"},
    {"job", "nurse|teacher|lawyer|baker|pilot|carpenter|engineer|dentist|farmer|chef|designer|plumber|accountant|editor|"
     "firefighter|"
            "architect|translator|electrician|biologist|tailor|driver|painter|coach|librarian|vet|jeweler|gardener|journalist"},
    {"color", "red|blue|green|yellow|purple|orange|white|black|grey|pink|turquoise|brown|silver|beige|navy|gold|dark green|"
     "light blue"},
    {"spot", "={the kitchen drawer|the blue box|the attic|the garage shelf|the desk|the glove box|the hall cupboard|the cellar|"
             "the top shelf|the red bag|the bedroom closet|the tool box|the shed|the freezer|the bathroom cabinet|"
             "the $color {box|bag|folder|suitcase|case}|the {left|right|bottom} drawer|the {upper|lower} cupboard}"},
    {"keep", "passport|spare key|birth certificate|drill|christmas lights|sewing kit|old camera|sleeping bag|warranty card|"
     "first aid kit|"
             "ladder|tent|tax papers|bike pump|flashlight|picnic blanket|power bank|vaccination card|guitar strings|paint "
              "brushes|"
             "car manual|chess set|snow chains|wedding album|projector|ski boots|iron|label printer|travel adapter|fishing "
              "rod"},
    {"network", "={$made$small|$made-home|$pet$small$small2|$made$made2|$code}"},
    {"room", "kitchen|bathroom|bedroom|hall|nursery|office|attic|dining room|living room|guest room|cellar|porch|study|"
     "playroom|pantry"},
    {"amount", "={$num grams|$num milligrams|$num ml|$num drops|$num tablets|half a tablet|one spoon|$num kilos}"},
    {"drug", "ibuprofen|aspirin|cough syrup|eye drops|vitamin D|the antibiotic|iron pills|the allergy tablets|magnesium|zinc|"
             "the blue pills|paracetamol|insulin|the nose spray|melatonin"},
    {"plant", "orchid|fern|cactus|basil|tomato plant|rose bush|lavender|lemon tree|palm|ivy|mint|bonsai|aloe|monstera|"
     "hydrangea"},
    {"often", "={every $num days|every day|twice a week|once a week|every $weekday|once a month|every other day|$num times a "
     "week}"},
    {"bill", "rent|electricity bill|gas bill|phone bill|gym membership|car insurance|internet bill|water bill|streaming plan|"
             "school fee|parking permit|loan|council tax|storage unit|music lessons|house insurance"},
    {"machine", "fridge|boiler|dishwasher|printer|washing machine|toaster|vacuum|router|oven|dryer|heater|lawn mower|kettle|"
     "blender|"
                "air filter|smoke alarm|coffee machine|car battery|tv|laptop"},
    /* rewriting */
    {"reason", "={the train is late|my {car|bike} broke down|i have a fever|the $event runs long|the babysitter is ill|"
               "i have to wait for the plumber|there is a storm in $place|$thing {broke|got lost}|i need to help $first}"},
    {"doc", "report|contract|invoice|draft|budget|slides|agenda|schedule|survey|proposal|photos|forms|minutes|plan|estimate|"
     "manual"},
    {"team", "design team|sales team|finance team|support team|marketing team|legal team|board|committee|night shift|warehouse|"
             "kitchen staff|front desk|research group|press office"},
};
const size_t gd_n_words = sizeof gd_words / sizeof gd_words[0];
